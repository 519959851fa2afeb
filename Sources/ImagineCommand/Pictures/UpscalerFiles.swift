import Foundation
import Imagine
import Synchronization

/// Upscalers that a run has opened, by the names they were asked for.
final class UpscalerFiles: Sendable {
  private struct State {
    var engine: Engine?
    var opened: [String: UpscalerModel] = [:]
  }

  private let state = Mutex(State())

  /// Whether a word is meant as an upscaler's file, not as a filter: it looks like a file's name, or there is one.
  static func isNamed(by text: String) -> Bool {
    text.contains("/") || endings.contains { text.hasSuffix(ignoringCase: $0) } || place(of: text) != nil
  }

  private static let endings = [".pth", ".pt", ".safetensors", ".ckpt", ".bin"]

  /// Says what upscalers are to run on from now on.
  func use(_ engine: Engine) {
    state.withLock { state in
      guard state.engine !== engine else { return }
      state = State(engine: engine)
    }
  }

  /// The upscaler of a file, or of that name in the folder of models.
  ///
  /// - Throws: `ImagineError` if there is none.
  func upscaler(_ name: String) throws -> UpscalerModel {
    try state.withLock { state in
      if let known = state.opened[name] { return known }
      guard let engine = state.engine else {
        throw ImagineError(.internalError, "An upscaler was asked for before there was anything to run it on.")
      }
      let upscaler = try UpscalerModel(opening: Self.place(of: name) ?? URL(literalPath: name), on: engine)
      state.opened[name] = upscaler
      return upscaler
    }
  }

  /// The file of a name: at this path, or below the folder of models, with or without its ending; nil if there is none.
  private static func place(
    of name: String, environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> URL? {
    guard !name.isEmpty else { return nil }
    if FileKind.of(name) == .file { return URL(literalPath: name) }
    guard let folder = environment["IMAGINE_MODELS"], !folder.isEmpty, !name.contains("/"),
      let places = try? ModelReport.places(in: URL(literalPath: folder))
    else { return nil }
    return places.first { $0.lastPathComponent == name }
      ?? places.first { $0.deletingPathExtension().lastPathComponent == name }
  }
}
