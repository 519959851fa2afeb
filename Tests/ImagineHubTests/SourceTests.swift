import Foundation
import Imagine
import ImagineHubTesting
import ImagineFiles
import Testing

@testable import ImagineHub

/// What is asked for, and which files of a repository that is.
@Suite struct SourceTests {
  @Test func repositoriesAndAddresses() throws {
    #expect(try HubSource("stabilityai/sdxl-turbo") == .repository("stabilityai/sdxl-turbo"))
    #expect(try HubSource("a/b:c/d.safetensors") == .repository("a/b", path: "c/d.safetensors"))
    #expect(try HubSource("a/b@v1:c.safetensors") == .repository("a/b", path: "c.safetensors", revision: "v1"))
    #expect(
      try HubSource("https://huggingface.co/a/b/blob/main/c%20d.safetensors")
        == .repository("a/b", path: "c d.safetensors"))
    #expect(try HubSource("https://huggingface.co/a/b") == .repository("a/b"))
    #expect(
      try HubSource("https://huggingface.co/a/b/resolve/fp16/x.safetensors?download=true")
        == .repository("a/b", path: "x.safetensors", revision: "fp16"))
    #expect(
      try HubSource("https://civitai.com/models/5/name?modelVersionId=42")
        == .address(#require(URL(string: "https://civitai.com/api/download/models/42"))))
    let url = try #require(URL(string: "https://example.org/x.safetensors"))
    #expect(try HubSource("https://example.org/x.safetensors") == .address(url))
    for text in [
      "", "a", "a/b/c", "a/../b", "../b", "a/b:../c", "a/b:/c", "a/b:", "a b/c", "ftp://x/y", "https://",
      "https://u:p@x/y",
      "https://civitai.com/models/5/name", "a/b@../x", "a/\u{1B}[31m",
    ] {
      #expect("\(text)") { _ = try HubSource(text) } throws: { error in
        (error as? ImagineError)?.code == .invalidText && !"\(error)".contains("\u{1B}")
      }
    }
  }

  @Test func settings() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "hub-settings-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    try Data(" from-file\n".utf8).write(to: folder.appending(path: "token"))
    let usual = try HubSettings(environment: ["HOME": "/home/a"])
    #expect(usual.endpoint.absoluteString == "https://huggingface.co" && usual.token == nil && !usual.isOffline)
    #expect(
      usual.cache?.path == "/home/a/.cache/huggingface/hub" && usual.home?.path == "/home/a/.local/share/imagine/models"
    )
    #expect(try HubSettings(environment: ["HF_HOME": folder.path]).token == "from-file")
    #expect(try HubSettings(environment: ["HF_HOME": folder.path, "HF_TOKEN": "named"]).token == "named")
    #expect(try HubSettings(environment: ["HF_TOKEN_PATH": folder.appending(path: "token").path]).token == "from-file")
    #expect(try HubSettings(environment: ["HF_HUB_OFFLINE": "1"]).isOffline)
    for environment in [["HF_ENDPOINT": "nonsense"], ["HF_TOKEN": "a\nX-Evil: 1"], ["CIVITAI_TOKEN": "ä"]] {
      #expect(throws: ImagineError.self) { try HubSettings(environment: environment) }
    }
    let tokens = try HubSettings(environment: ["HF_TOKEN": "h", "CIVITAI_TOKEN": "c"]).tokens
    #expect(tokens.count == 2 && tokens.allSatisfy { $0.key.scheme == "https" })
  }

  // MARK: Choices

  private func choice(_ names: [String], pickle: Bool = false, full: Bool = false) throws -> FileChoice {
    let listing = TestRepository(Dictionary(uniqueKeysWithValues: names.map { ($0, Array($0.utf8)) })).listing
    let files = try #require(RepositoryListing(String(decoding: listing, as: UTF8.self))).files
    #expect(files.count == names.count)
    return FileChoice(repository: "a/b", files: files, allowsPickle: pickle, prefersFull: full)
  }

  /// Stable Diffusion XL's repository, as it is laid out.
  private static let pipeline =
    [
      "model_index.json", "README.md", "sd_xl_base_1.0.safetensors", "scheduler/scheduler_config.json",
      "vae/config.json",
    ]
    + [
      "tokenizer/merges.txt", "tokenizer/vocab.json", "text_encoder/config.json", "text_encoder_2/config.json",
      "unet/config.json",
    ]
    + ["unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model", "text_encoder/model", "text_encoder_2/model"]
    .flatMap {
      ["\($0).safetensors", "\($0).fp16.safetensors", "\($0).bin", "\($0).onnx"]
    } + ["safety_checker/model.safetensors", "unet/flax_model.msgpack"]

  @Test("Of a diffusers folder one precision of each network comes, with what it is configured by")
  func pipelines() throws {
    let halves = try choice(Self.pipeline).model().map(\.path.text)
    #expect(
      Set(halves) == [
        "model_index.json", "scheduler/scheduler_config.json", "tokenizer/merges.txt", "tokenizer/vocab.json",
        "vae/config.json",
        "text_encoder/config.json", "text_encoder_2/config.json", "unet/config.json",
        "unet/diffusion_pytorch_model.fp16.safetensors", "vae/diffusion_pytorch_model.fp16.safetensors",
        "text_encoder/model.fp16.safetensors", "text_encoder_2/model.fp16.safetensors",
      ])
    #expect(halves.count == Set(halves).count)
    let whole = try choice(Self.pipeline, full: true).model().map(\.path.text)
    #expect(whole.contains("unet/diffusion_pytorch_model.safetensors") && !whole.contains { $0.contains("fp16") })
    #expect(
      try choice(Self.pipeline).files(at: "sd_xl_base_1.0.safetensors").map(\.path.text) == [
        "sd_xl_base_1.0.safetensors"
      ])
    #expect(try choice(Self.pipeline).files(at: "vae").count == 2)
  }

  @Test("Shards come with their index, pickles only if they may, and of several models one is to be named")
  func otherRepositories() throws {
    let sharded = [
      "config.json", "diffusion_pytorch_model.safetensors.index.json",
      "diffusion_pytorch_model-00001-of-00002.safetensors",
      "diffusion_pytorch_model-00002-of-00002.safetensors", "diffusion_pytorch_model.bin",
    ]
    #expect(try choice(sharded).model().count == 4)
    let pickled = ["config.json", "diffusion_pytorch_model.bin"]
    #expect { try choice(pickled).model() } throws: { "\($0)".contains("pickle") }
    #expect(try choice(pickled, pickle: true).model().count == 2)
    #expect(
      try choice(["taesd_decoder.safetensors", "README.md"]).model().map(\.name) == ["taesd_decoder.safetensors"])
    #expect { try choice(["x.safetensors", "y.safetensors"]).model() } throws: { error in
      ["'x.safetensors'", "'y.safetensors'", "a/b:"].allSatisfy("\(error)".contains)
    }
    // Quantised files only where there are no others, or by name.
    #expect(try choice(["x.safetensors", "x-q8.gguf"]).model().map(\.name) == ["x.safetensors"])
    #expect(try choice(["x.safetensors", "x-q8.gguf"]).files(at: "x-q8.gguf").map(\.name) == ["x-q8.gguf"])
    #expect { try choice(["x-q4.gguf", "x-q8.gguf"]).model() } throws: { "\($0)".contains("'x-q8.gguf'") }
    #expect { try choice(["README.md"]).model() } throws: { "\($0)".contains("no weights") }
    #expect { try choice(["model_index.json", "transformer/config.json"]).model() } throws: { error in
      (error as? ImagineError)?.code == .unsupportedModel
    }
    #expect { try choice(["a/x.safetensors", "b/x.safetensors"]).files(at: "x.safetensors") } throws: {
      "\($0)".contains("several")
    }
    #expect { try choice(["real.safetensors"]).files(at: "reel.safetensors") } throws: {
      "\($0)".contains("'real.safetensors'")
    }
    #expect { try choice(["x.ckpt"]).files(at: "x.ckpt") } throws: { "\($0)".contains("pickle") }
  }
}
