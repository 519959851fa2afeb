import Foundation
import Imagine

/// Names of models on the command line, as files.
struct NamedModels {
  let library: ModelLibrary

  /// The model's files; nil for the demonstration model.
  ///
  /// - Throws: `ImagineError` for a name that no file or several have.
  func files(_ engine: EngineOptions) async throws -> ModelFiles? {
    guard let name = engine.modelName() else {
      // Where only parts are named, the UNet is what they belong to.
      guard let unet = engine.parts.unet else { return nil }
      return try await files(engine, of: library.find(unet, .unet))
    }
    return try await files(engine, of: library.find(name, .checkpoint))
  }

  /// The files of a model, with the parts that are named in place of its own.
  func files(_ engine: EngineOptions, of model: URL) async throws -> ModelFiles {
    var files = engine.parts.applied(to: model)
    let parts: [(String?, ModelKind, WritableKeyPath<ModelFiles, URL?>)] = [
      (engine.parts.vae, .vae, \.vae), (engine.parts.unet, .unet, \.unet),
      (engine.parts.clipL, .textEncoder, \.clipL), (engine.parts.clipG, .textEncoder, \.clipG),
    ]
    for (part, kind, path) in parts {
      if let part { files[keyPath: path] = try await library.find(part, kind) }
    }
    return files
  }

  /// The one model of a name, whatever it is for.
  ///
  /// - Returns: its kind, too; nil for a file of no kind.
  func find(_ name: String, _ kind: ModelKind?) async throws -> (url: URL, kind: ModelKind?) {
    if let kind { return (try await library.find(name, kind), kind) }
    let place = URL(literalPath: name)
    if !name.isEmpty, FileManager.default.fileExists(atPath: place.path(percentEncoded: false)) {
      return (place, ModelKind(recognising: place))
    }
    var found: [(url: URL, kind: ModelKind)] = [], failure: ImagineError?
    for kind in ModelKind.allCases {
      do {
        let url = try await library.find(name, kind)
        if !found.contains(where: { $0.url == url }) { found.append((url, kind)) }
      } catch let error as ImagineError {
        // Between several of one kind it is for the person to decide; that of the first kind is as good as any other.
        if failure == nil { failure = error }
      }
    }
    if let only = found.first, found.count == 1 { return only }
    guard !found.isEmpty else {
      throw failure ?? ImagineError(.unreadableModel, "There is no model '\(TerminalText.line(name))': name its path.")
    }
    let kinds = found.map(\.kind.rawValue).joined(separator: ", ")
    throw CommandFailure.usage(
      "'\(TerminalText.line(name))' is the name of several models (\(kinds)): say which with --kind.")
  }
}

extension NamedModels {
  /// A request with the files that its names mean, in place of the names. A path that exists stays.
  ///
  /// - Throws: `ImagineError` for a name that no file or several have.
  func named(_ request: GenerationRequest) async throws -> GenerationRequest {
    var request = request
    for index in request.controls.indices {
      request.controls[index].model = try await find(request.controls[index].model, .controlNet)
    }
    for index in request.imagePrompts.indices {
      request.imagePrompts[index].model = try await find(request.imagePrompts[index].model, .ipAdapter)
      if let encoder = request.imagePrompts[index].encoder {
        request.imagePrompts[index].encoder = try await find(encoder, .imageEncoder)
      }
    }
    for index in request.embeddings.indices {
      request.embeddings[index].file = try await find(request.embeddings[index].file, .embedding)
    }
    return request
  }

  /// What was taken for a path, as a person wrote it.
  private func find(_ url: URL, _ kind: ModelKind) async throws -> URL {
    guard !FileManager.default.fileExists(atPath: url.path(percentEncoded: false)) else { return url }
    return try await library.find(url.relativePath, kind)
  }
}
