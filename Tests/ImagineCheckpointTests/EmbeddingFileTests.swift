import Foundation
import Testing

@testable import ImagineCheckpoint

@Suite("Files of textual inversions")
struct EmbeddingFileTests {
  private func read(_ tensors: [String: (shape: [Int], values: [Float])]) throws -> EmbeddingFile {
    let folder = FileManager.default.temporaryDirectory.appending(path: "word-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let url = folder.appending(path: "word.safetensors")
    try SafetensorsWriter.write(
      tensors.map { SafetensorsWriter.Tensor(name: $0.key, shape: $0.value.shape, values: .float32($0.value.values)) },
      to: url)
    return try EmbeddingFile(url)
  }

  @Test func vectorsAreRead() throws {
    let single = try read(["<cat>": ([3], [1, 2, 3])])
    #expect(single.vectors == [.only: EmbeddingFile.Vectors(count: 1, width: 3, values: [1, 2, 3])])
    let kohya = try read(["emb_params": ([2, 2], [1, 2, 3, 4])])
    #expect(kohya.count == 2 && kohya.vectors[.only]?.values == [1, 2, 3, 4])
    let both = try read(["clip_l": ([1, 2], [1, 2]), "clip_g": ([1, 3], [3, 4, 5])])
    #expect(both.vectors[.clipL]?.width == 2 && both.vectors[.clipG]?.values == [3, 4, 5])
  }

  @Test(
    "What is none is refused in one sentence",
    arguments: [
      ([:], "no textual inversion"),
      (["a": ([2], [1, 2]), "b": ([2], [1, 2])], "no textual inversion"),
      (["emb_params": ([76, 1], [Float](repeating: 1, count: 76))], "76 vectors"),
      (["emb_params": ([0, 4], [])], "0 vectors"),
      (["emb_params": ([2, 0], [])], "no list of vectors"),
      (["emb_params": ([1, 1, 2], [1, 2])], "no list of vectors"),
      (["emb_params": ([1, 2], [1, .nan])], "no numbers"),
      (["emb_params": ([1, 2], [1, .infinity])], "no numbers"),
      (["clip_l": ([1, 2], [1, 2]), "clip_g": ([2, 1], [3, 4])], "another number"),
    ] as [([String: ([Int], [Float])], String)])
  func refused(_ tensors: [String: ([Int], [Float])], _ words: String) throws {
    let error = #expect(throws: CheckpointError.self) { try read(tensors.mapValues { ($0.0, $0.1) }) }
    #expect(error?.description.contains(words) == true && error?.description.contains("word.safetensors") == true)
  }
}
