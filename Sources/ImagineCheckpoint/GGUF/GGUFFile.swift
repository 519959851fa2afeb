internal import Foundation

/// A memory-mapped GGUF file, as stable-diffusion.cpp and ComfyUI-GGUF write them: tensors of plain numbers and of quantised
/// blocks.
final class GGUFFile: TensorFile {
  let url: URL
  let tensors: [TensorInfo]
  let metadata: [String: String]
  /// The network that it says it is of, such as `flux`; nil where it does not.
  var architecture: String? { metadata["general.architecture"] }
  private let file: MappedFile
  package var version: FileVersion { file.version }

  /// - Throws: `CheckpointError` when it breaks a rule of the format, or has a format of numbers that is not read.
  init(_ file: MappedFile) throws(CheckpointError) {
    try file.requireUnchanged()
    let header = try GGUFHeader(file.bytes, file: file.url.lastPathComponent)
    try file.requireUnchanged()
    self.file = file
    url = file.url
    tensors = header.tensors
    metadata = header.metadata
  }

  func withBytes<Result>(
    of tensor: TensorInfo, _ elements: Range<Int>, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) throws -> Result { try file.withBytes(of: tensor, elements, body) }

  func release(_ tensor: TensorInfo, _ elements: Range<Int>) { file.release(tensor, elements) }
}
