package import Foundation
internal import ImagineCheckpoint
internal import ImagineGoldens
internal import ImagineGraph

/// A single-file model written again, in 32-bit floats.
package enum ModelCopy {
  /// As a single file under diffusers' names, with one weight multiplied.
  ///
  /// - Parameter name: the weight's canonical path.
  package static func write(of file: URL, multiplying name: String, by factor: Float, to url: URL) throws {
    let checkpoint = try Checkpoint.open(file)
    let tensors = try checkpoint.tensors.values.map { tensor in
      var values = try checkpoint.values(of: tensor)
      if tensor.name == name { values = values.map { $0 * factor } }
      return SafetensorsWriter.Tensor(name: tensor.name, shape: tensor.shape, values: .float32(values))
    }
    try SafetensorsWriter.write(tensors, metadata: checkpoint.metadata, to: url)
  }

  /// As a diffusers folder.
  package static func writeFolder(of file: URL, to folder: URL) throws {
    let checkpoint = try Checkpoint.open(file)
    let source = Golden.url("pipeline/tiny-sd")
    try copy("model_index.json", from: source, to: folder)
    try copy("scheduler/scheduler_config.json", from: source, to: folder)
    for (component, name) in [
      ("unet", "diffusion_pytorch_model"), ("vae", "diffusion_pytorch_model"), ("text_encoder", "model"),
    ] {
      try copy("\(component)/config.json", from: source, to: folder)
      let tensors = try checkpoint.tensors.values.filter { $0.name.hasPrefix("\(component).") }.map { tensor in
        SafetensorsWriter.Tensor(
          name: String(tensor.name.dropFirst(component.count + 1)), shape: tensor.shape,
          values: .float32(try checkpoint.values(of: tensor)))
      }
      try SafetensorsWriter.write(tensors, to: folder.appending(path: "\(component)/\(name).safetensors"))
    }
  }

  private static func copy(_ path: String, from source: URL, to folder: URL) throws {
    let target = folder.appending(path: path)
    try FileManager.default.createDirectory(at: target.deletingLastPathComponent(), withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: source.appending(path: path), to: target)
  }
}

extension Checkpoint {
  fileprivate func values(of tensor: CheckpointTensor) throws -> [Float] {
    var values = [Float](repeating: 0, count: tensor.elementCount)
    try values.withUnsafeMutableBytes { try read(tensor.name, as: .float32, into: $0) }
    return values
  }
}
