internal import Foundation

/// Files that people take for safetensors files, told apart by their first bytes or their extension.
///
/// A safetensors file begins with a length of at most 100,000,000, so bytes 4 to 7 are zero; no format below can be
/// mistaken for one.
enum ForeignFormat: CaseIterable {
  case zip
  case pickle
  case gguf
  case gitPointer
  case webPage

  /// Throws what to do when the file is one of these.
  static func reject(_ file: MappedFile) throws(CheckpointError) {
    let head = String(decoding: file.bytes.prefix(64), as: UTF8.self)
    let format: ForeignFormat? =
      if file.bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) {
        .zip
      } else if file.bytes.starts(with: [0x80, 0x02]) {
        file.bytes.count > 8 && file.bytes[4...7].allSatisfy { $0 == 0 } ? nil : .pickle
      } else if head.hasPrefix("GGUF") {
        .gguf
      } else if head.hasPrefix("version https://git-lfs") {
        .gitPointer
      } else if head.drop(while: \.isWhitespace).lowercased().hasPrefix("<!doctype html")
        || head.drop(while: \.isWhitespace).lowercased().hasPrefix("<html")
      {
        .webPage
      } else {
        nil
      }
    let name = quoted(file.url.lastPathComponent)
    switch format {
    case .zip, .pickle: throw Self.pickled(name)
    case .gguf:
      throw CheckpointError(
        .unsupportedFormat,
        "\(name) is a GGUF file, which is not supported: use the .safetensors file of the same model.")
    case .gitPointer:
      throw CheckpointError(
        .unsupportedFormat,
        "\(name) is a Git LFS pointer, not the model itself: run 'git lfs pull' in its folder, or download the file again."
      )
    case .webPage:
      throw CheckpointError(
        .unsupportedFormat,
        "\(name) is a web page, not a model: the download was refused or needs a login, download the file again.")
    case nil: return
    }
  }

  /// The answer to .ckpt, .pt, .pth and .bin files, which are Python pickles and can hold any program.
  static func pickled(_ name: String) -> CheckpointError {
    CheckpointError(
      .unsupportedFormat,
      "\(name) is a Python pickle (.ckpt, .pt, .bin), which can run code and is not supported: use the .safetensors file "
        + "of the same model, or convert it once with a tool you trust.")
  }
}
