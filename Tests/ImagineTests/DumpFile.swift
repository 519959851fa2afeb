import Foundation
import ImagineCheckpoint

/// The shapes in a safetensors file.
struct DumpFile {
  private let file: SafetensorsFile

  init(_ url: URL) throws { file = try SafetensorsFile(url) }

  subscript(_ name: String) -> [Int]? { file[name]?.shape }
}
