import Foundation
import Imagine
import ImagineEngineTesting
import ImagineGoldens

/// A complete model of Stable Diffusion 1 structure, small enough for tests, with random weights.
///
/// `Tests/References/pipeline_goldens.py` makes it, and what diffusers and k-diffusion draw with it.
enum TinyModel {
  /// In the original single-file layout.
  static let file = Golden.url("pipeline/tiny-sd.safetensors")

  static func pipeline(precision: Imagine.Precision = .float32) async throws -> Pipeline {
    try await Pipeline(model: file, options: Pipeline.Options(precision: precision))
  }

  /// The same model with one weight multiplied, written below a folder.
  ///
  /// - Parameter name: the weight's canonical path.
  static func copy(in folder: URL, multiplying name: String, by factor: Float) throws -> URL {
    let url = folder.appending(path: "multiplied.safetensors")
    try ModelCopy.write(of: file, multiplying: name, by: factor, to: url)
    return url
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
