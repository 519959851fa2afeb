import Foundation
import Imagine
import ImagineCheckpoint
import ImagineGoldens

/// A complete model of Stable Diffusion 1 structure, small enough for tests, with random weights.
///
/// `Tests/References/pipeline_goldens.py` makes it, and what diffusers and k-diffusion draw with it.
enum TinyModel {
  /// In the original single-file layout.
  static let file = Golden.url("pipeline/tiny-sd.safetensors")

  static func pipeline(precision: Precision = .float32) async throws -> Pipeline {
    try await Pipeline(model: file, options: Pipeline.Options(precision: precision))
  }

  /// A small and quick request.
  static let request: GenerationRequest = {
    var request = GenerationRequest(
      prompt: "a red house under a yellow sun", size: Size(width: 64, height: 64), steps: 2, guidanceScale: 7.5)
    request.seed = 42
    return request
  }()
}

/// A folder that is there while `body` runs.
func withTemporaryFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "imagine-tests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder)
}

/// The names in a folder, hidden ones too.
func contents(of folder: URL) throws -> [String] {
  try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)).sorted()
}
