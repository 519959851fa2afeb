import Foundation
import Imagine

/// Names of models on the command line, as files.
struct NamedModels {
  let library: ModelLibrary

  /// A model's files with those that names mean in place of the names. A path that exists stays.
  ///
  /// - Throws: `ImagineError` for a name that no file or several have.
  func files(_ named: ModelFiles) async throws -> ModelFiles {
    var files = named
    // Where only parts are named, the UNet is what they belong to.
    files.model = try await find(named.model, named.model == named.unet ? .unet : .checkpoint)
    let parts: [(ModelKind, WritableKeyPath<ModelFiles, URL?>)] = [
      (.vae, \.vae), (.unet, \.unet), (.textEncoder, \.clipL), (.textEncoder, \.clipG),
    ]
    for (kind, part) in parts {
      if let url = named[keyPath: part] { files[keyPath: part] = try await find(url, kind) }
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
