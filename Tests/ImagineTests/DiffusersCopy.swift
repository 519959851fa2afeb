import Foundation
import ImagineCheckpoint
import ImagineGraph
import ImagineGoldens

/// A single-file model written again as a diffusers folder, in 32-bit floats.
enum DiffusersCopy {
  static func write(of file: URL, to folder: URL) throws {
    let checkpoint = try Checkpoint.open(file)
    let source = Golden.url("pipeline/tiny-sd")
    try copy("model_index.json", from: source, to: folder)
    try copy("scheduler/scheduler_config.json", from: source, to: folder)
    for (component, name) in [
      ("unet", "diffusion_pytorch_model"), ("vae", "diffusion_pytorch_model"), ("text_encoder", "model"),
    ] {
      try copy("\(component)/config.json", from: source, to: folder)
      let tensors = try checkpoint.tensors.values.filter { $0.name.hasPrefix("\(component).") }.map { tensor in
        var values = [Float](repeating: 0, count: tensor.elementCount)
        try values.withUnsafeMutableBytes { try checkpoint.read(tensor.name, as: .float32, into: $0) }
        return SafetensorsWriter.Tensor(
          name: String(tensor.name.dropFirst(component.count + 1)), shape: tensor.shape, values: .float32(values))
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
