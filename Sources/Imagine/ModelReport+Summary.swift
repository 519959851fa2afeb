public import Foundation
internal import ImagineCheckpoint
internal import ImagineEngine
internal import ImagineModels

extension ModelReport {
  /// Says in one line what a file or folder is, whatever it is, such as `a Stable Diffusion XL model, complete`, `a LoRA`
  /// or why it cannot be read.
  public static func summary(of url: URL) -> String {
    let words = Checkpoint.summary(of: url)
    guard let kind = try? Checkpoint.open(url).kind, ModelFamily.all.contains(where: { $0.recognises(kind) }) else {
      return words.visible()
    }
    do {
      let report = ModelReport(try OpenedModel(url))
      return report.faults.map { "\(words), not usable: \($0)" } ?? "\(words), complete"
    } catch { return "\(words), not usable by itself: \(error)".visible() }
  }

  /// The files of weights in a folder and the folders in it that are a model, subfolders included; of a file or a model's
  /// folder, that alone.
  ///
  /// - Throws: `ImagineError` if nothing is there, or the folder cannot be read.
  public static func places(in url: URL) throws -> [URL] {
    try ImagineError.translating(path: url) { try Checkpoint.places(in: url) }
  }
}
