import Foundation
import ImagineCheckpoint
import ImagineGoldens
import ImagineText
import Testing

@testable import ImagineEngine

/// Textual inversions, in the files that other programs write, against `Tests/References/embeddings_contexts.py`.
@Suite("Textual inversions")
struct EmbeddingTests {
  static let folder = Golden.url("embeddings")

  static func collection(_ files: String...) -> EmbeddingCollection {
    EmbeddingCollection(
      Dictionary(
        uniqueKeysWithValues: files.map {
          let url = folder.appending(path: $0)
          return (url.deletingPathExtension().lastPathComponent, url)
        }))
  }

  @Test(arguments: ["word", "weighted", "longest", "inside", "cut", "edited"])
  func asAUTOMATIC1111(_ run: String) async throws {
    try await PromptContextGolden("embeddings/contexts").check(
      run, Self.collection("bad-hand.pt", "red style.safetensors", "dog.bin"))
  }

  @Test(arguments: ["comfy", "comfy_cut"]) func asComfyUI(_ run: String) async throws {
    let style = EmbeddingTests.folder.appending(path: "red style.safetensors")
    let files = Self.collection("bad-hand.pt", "dog.bin").files.merging(["red-style": style]) { $1 }
    try await PromptContextGolden("embeddings/contexts").check(run, EmbeddingCollection(files))
  }

  @Test(arguments: ["sdxl", "sdxl_comfy"]) func ofTwoEncoders(_ run: String) async throws {
    let file = EmbeddingTests.folder.appending(path: "xl thing.safetensors")
    try await PromptContextGolden("embeddings/contexts").check(
      run, EmbeddingCollection(["xl thing": file, "xl-thing": file]))
  }

  @Test func thoseOfAnotherFamilyAreTextAndSaidSo() async throws {
    var request = TinyModel.request
    request.prompt = "a dog with bad-hand"
    let text = try await EncodedPrompts.make(request, family: "sdxl").rows(at: 0).positive[0].inputs["context"]
    request.embeddings = Self.collection("bad-hand.pt", "dog.bin", "xl thing.safetensors")
    let plan = try await EncodedPrompts.plan(request, family: "sdxl")
    #expect(plan.vectors.misfits == ["bad-hand", "dog"] && plan.vectors.used.isEmpty)
    #expect(try await EncodedPrompts.make(request, family: "sdxl").rows(at: 0).positive[0].inputs["context"] == text)
    let notices = try RequestPrompts(request).notices(readsNegative: true, [plan], request.embeddings).map(\.message)
    #expect(notices.contains { $0.contains("bad-hand, dog are textual inversions made for another family") })
  }

  @Test func wordsOfEditsAreFoundAndOthersAreNot() async throws {
    var request = TinyModel.request
    request.prompt = "a [dog:bad-hand:0.5] house"
    request.embeddings = Self.collection("bad-hand.pt", "dog.bin", "red style.safetensors")
    #expect(try await EncodedPrompts.plan(request, family: "sd1").vectors.used == ["bad-hand", "dog"])
    request.syntax = .plain
    #expect(try await EncodedPrompts.plan(request, family: "sd1").vectors.used.isEmpty)
  }

  @Test("A file that is broken is one sentence, if a prompt names it") func broken() async throws {
    try await withTemporaryFolder { folder in
      let broken = folder.appending(path: "dog.pt")
      try Data("no tensors".utf8).write(to: broken)
      var request = TinyModel.request
      request.embeddings = EmbeddingCollection(["dog": broken])
      request.prompt = "a cat"
      #expect(try await EncodedPrompts.plan(request, family: "sd1").vectors.used.isEmpty)
      request.prompt = "a dog"
      let error = await #expect(throws: EngineError.self) { try await EncodedPrompts.plan(request, family: "sd1") }
      #expect(error?.path == broken.path(percentEncoded: false) && error?.message.contains("dog.pt") == true)
    }
  }
}
