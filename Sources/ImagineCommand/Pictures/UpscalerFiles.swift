import Foundation
import Imagine
import Synchronization

/// Upscalers that a run has opened, by the names they were asked for.
final class UpscalerFiles: Sendable {
  private struct State {
    var engine: Engine?
    var library = ModelLibrary()
    var opened: [String: UpscalerModel] = [:]
  }

  private let state = Mutex(State())

  /// Whether a word can only be meant as an upscaler's file.
  static func isFile(_ text: String) -> Bool {
    text.contains("/") || endings.contains { text.hasSuffix(ignoringCase: $0) } || FileKind.of(text) == .file
  }

  private static let endings = [".pth", ".pt", ".safetensors", ".ckpt", ".bin"]

  /// Says what upscalers are to run on from now on, and where their names are looked up.
  func use(_ engine: Engine, _ library: ModelLibrary) {
    state.withLock { state in
      guard state.engine !== engine || state.library != library else { return }
      state = State(engine: engine, library: library)
    }
  }

  /// The upscaler of a path, or of a name in the folders of models.
  ///
  /// - Throws: `ImagineError` if there is none.
  func upscaler(_ name: String) throws -> UpscalerModel {
    try state.withLock { state in
      if let known = state.opened[name] { return known }
      guard let engine = state.engine else {
        throw ImagineError(.internalError, "An upscaler was asked for before there was anything to run it on.")
      }
      let upscaler = try UpscalerModel(opening: state.library.findByName(name, .upscaler), on: engine)
      state.opened[name] = upscaler
      return upscaler
    }
  }
}
