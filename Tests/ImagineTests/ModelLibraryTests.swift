import Foundation
import Imagine
import Testing

/// Folders of models: what lies where, what is found by which name, and folders however strange.
@Suite struct ModelLibraryTests {
  private let folder: LibraryFolder

  init() throws { folder = try LibraryFolder() }

  private var library: ModelLibrary { ModelLibrary(folders: [.init(folder.url)]) }

  private func names(_ kind: ModelKind, in library: ModelLibrary? = nil) throws -> [String] {
    try (library ?? self.library).files(kind).map(\.name)
  }

  /// The path in the folder at which a name is found.
  private func find(_ name: String, _ kind: ModelKind = .checkpoint) async throws -> String {
    let found = try await library.find(name, kind).path(percentEncoded: false)
    let start = folder.url.path(percentEncoded: false)
    #expect(found.hasPrefix(start))
    return String(found.dropFirst(start.count).drop { $0 == "/" })
  }

  private func complaint(_ name: String, _ kind: ModelKind = .checkpoint) async -> String {
    do {
      return "found \(try await library.find(name, kind))"
    } catch let error as ImagineError {
      #expect(error.code == .unreadableModel)
      return error.message
    } catch { return "\(error)" }
  }

  private static let lora = ["lora_unet_mid_block_attentions_0_proj_in.lora_down.weight"]

  // MARK: Trees

  /// The trees of both programs: what stands where, and what it is for.
  private static let trees: [(root: String, marks: [String], files: [(String, ModelKind)])] = [
    (
      "webui", ["webui.py", "launch.py"],
      [
        ("models/Stable-diffusion/photo/dream.safetensors", .checkpoint),
        ("models/Stable-diffusion/old.vae.pt", .vae), ("models/VAE/ft-mse.safetensors", .vae),
        ("models/Lora/style.safetensors", .lora), ("models/LyCORIS/look.safetensors", .lora),
        ("embeddings/bad-hands.pt", .embedding), ("models/ControlNet/canny.pth", .controlNet),
        ("models/ESRGAN/4x-Ultra.pth", .upscaler), ("models/RealESRGAN/x4plus.pth", .upscaler),
        ("models/SwinIR/real.pth", .upscaler), ("models/DAT/x2.pth", .upscaler),
      ]
    ),
    (
      "ComfyUI", ["main.py", "comfy"],
      [
        ("models/checkpoints/xl/dream.safetensors", .checkpoint), ("models/loras/style.safetensors", .lora),
        ("models/embeddings/bad.safetensors", .embedding), ("models/vae/ft-mse.safetensors", .vae),
        ("models/vae_approx/taesd_decoder.pth", .vae), ("models/controlnet/canny.safetensors", .controlNet),
        ("models/upscale_models/x4.pth", .upscaler), ("models/clip/l.safetensors", .textEncoder),
        ("models/text_encoders/g.safetensors", .textEncoder), ("models/clip_vision/h.safetensors", .imageEncoder),
        ("models/ipadapter/plus.safetensors", .ipAdapter), ("models/unet/one.safetensors", .unet),
        ("models/diffusion_models/two.safetensors", .unet),
      ]
    ),
  ]

  @Test(
    "Trees of AUTOMATIC1111 and ComfyUI are known from their roots, their folders of models, and the folders in these")
  func trees() throws {
    for tree in Self.trees {
      for mark in tree.marks { try folder.write("", to: "\(tree.root)/\(mark)") }
      try folder.write("not looked at", to: "\(tree.root)/venv/lib/other.safetensors")
      for (path, _) in tree.files { try folder.write("x", to: "\(tree.root)/\(path)") }
      let root = folder.url.appending(path: tree.root)
      for kind in ModelKind.allCases {
        let expected = tree.files.filter { $0.1 == kind }.map { root.appending(path: $0.0).path }.sorted()
        let found = try ModelLibrary(folders: [.init(root)]).files(kind).map(\.url.path)
        #expect(found.sorted() == expected, "\(tree.root) \(kind)")
      }
      for (path, kind) in tree.files where path.hasPrefix("models") && !path.contains(".vae.") {
        let place = root.appending(path: path).deletingLastPathComponent()
        let below = try ModelLibrary(folders: [.init(root.appending(path: "models"))]).files(kind).map(\.url.path)
        #expect(below.contains(root.appending(path: path).path), "\(path)")
        guard !["xl", "photo"].contains(place.lastPathComponent) else { continue }
        #expect(
          try ModelLibrary(folders: [.init(place)]).files(kind).map(\.url.path).contains(
            root.appending(path: path).path))
      }
    }
  }

  @Test("Where no folder says what a file is for, its names and shapes do")
  func kindsByFile() throws {
    try folder.write(Self.lora, to: "all/a.safetensors")
    try folder.write(["emb_params"], shape: [2, 768], to: "all/b.safetensors")
    try folder.write(["control_model.zero_convs.0.0.weight"], to: "all/c.safetensors")
    try folder.write(["image_proj.proj.weight", "ip_adapter.1.to_k_ip.weight"], to: "all/d.safetensors")
    try folder.write(["conv_first.weight", "body.0.rdb1.conv1.weight"], to: "all/e.safetensors")
    try folder.write(["vision_model.embeddings.class_embedding"], to: "all/f.safetensors")
    try folder.write(["decoder.conv_in.weight", "encoder.down.0.block.0.conv1.weight"], to: "all/g.safetensors")
    try folder.write("damaged", to: "all/h.safetensors")
    // AUTOMATIC1111's extension has both in one folder.
    try folder.write(["image_proj.proj.weight", "ip_adapter.1.to_k_ip.weight"], to: "ControlNet/i.safetensors")
    let expected: [(ModelKind, [String])] = [
      (.lora, ["a"]), (.embedding, ["b"]), (.controlNet, ["c"]), (.ipAdapter, ["d", "i"]), (.upscaler, ["e"]),
      (.imageEncoder, ["f"]), (.vae, ["g"]), (.checkpoint, []), (.unet, []), (.textEncoder, []),
    ]
    for (kind, names) in expected { #expect(try self.names(kind) == names, "\(kind)") }
  }

  @Test("extra_model_paths.yaml beside a tree leads to others, texts of several lines included")
  func extraPaths() async throws {
    try folder.write("", to: "ComfyUI/main.py")
    try folder.write("x", to: "ComfyUI/models/checkpoints/own.safetensors")
    try folder.write("x", to: "webui/models/Stable-diffusion/theirs.safetensors")
    try folder.write("x", to: "webui/models/Lora/one.safetensors")
    try folder.write("x", to: "webui/models/LyCORIS/two.safetensors")
    let yaml = """
      # a comment
      a111:
        base_path: \(folder.url.path)/webui/
        checkpoints: models/Stable-diffusion
        loras: |
          models/Lora
          models/LyCORIS
        custom_nodes: somewhere
      absent:
        vae: nowhere
      """
    let file = try folder.write(yaml, to: "ComfyUI/extra_model_paths.yaml")
    for root in ["ComfyUI", "ComfyUI/models"] {
      let library = ModelLibrary(folders: [.init(folder.url.appending(path: root))])
      #expect(try names(.checkpoint, in: library) == ["own", "theirs"])
      #expect(try names(.lora, in: library) == ["one", "two"])
    }
    try Data("a: *anchor".utf8).write(to: file)
    let library = ModelLibrary(folders: [.init(folder.url.appending(path: "ComfyUI"))])
    #expect { try library.files(.lora) } throws: { error in
      "\(error)".contains("extra_model_paths.yaml") && "\(error)".contains("line 1")
    }
  }

  @Test(
    "Of Hugging Face's cache the present versions count: whole models by their repository, files by their names behind it"
  )
  func hubCache() async throws {
    let main = "0123456789abcdef0123456789abcdef01234567", old = String(repeating: "f", count: 40)
    for (version, name) in [(main, "new"), (old, "old")] {
      let root = "hub/models--owner--some-model"
      try folder.write("{}", to: "\(root)/snapshots/\(version)/model_index.json")
      try folder.write("x", to: "\(root)/blobs/\(name)")
      try folder.link("\(root)/snapshots/\(version)/\(name).safetensors", to: "../../blobs/\(name)")
      try folder.write("x", to: "\(root)/snapshots/\(version)/unet/diffusion_pytorch_model.safetensors")
    }
    try folder.write(main, to: "hub/models--owner--some-model/refs/main")
    try folder.write(Self.lora, to: "hub/models--other--loras/snapshots/\(old)/deep/style.safetensors")
    try folder.write("x", to: "hub/.locks/models--owner--some-model/x.safetensors")
    #expect(try names(.lora) == ["other/loras/deep/style"])
    #expect(try names(.checkpoint) == ["owner/some-model"])
    #expect(try await find("owner/some-model") == "hub/models--owner--some-model")
    #expect(try await find("some-model") == "hub/models--owner--some-model")
    #expect(try await find("new").hasSuffix("\(main)/new.safetensors"))
    #expect(await complaint("old").hasPrefix("There is no file or folder 'old'"))
    #expect(try await find("style", .lora).hasSuffix("deep/style.safetensors"))
  }

  @Test("The environment says where models are")
  func standardFolders() {
    func folders(_ environment: [String: String]) -> [String] {
      ModelLibrary.standard(environment: environment).folders.map { $0.url.path }
    }
    #expect(folders([:]).isEmpty)
    #expect(folders(["HOME": "/home/a"]) == ["/home/a/.local/share/imagine/models", "/home/a/.cache/huggingface/hub"])
    #expect(
      folders([
        "HOME": "/home/a", "IMAGINE_MODELS": "/m:/n", "XDG_DATA_HOME": "/data", "XDG_CACHE_HOME": "/cache",
      ]) == ["/m", "/n", "/data/imagine/models", "/cache/huggingface/hub"])
    #expect(folders(["HOME": "/home/a", "HF_HOME": "/hf", "XDG_DATA_HOME": "relative"]).suffix(1) == ["/hf/hub"])
    #expect(folders(["HF_HUB_CACHE": "/hub", "HF_HOME": "/hf"]) == ["/hub"])
  }

  // MARK: Names

  @Test(
    "A name is found whole, by its ending, its folders, and any part that only one has; else what it could be is said")
  func names() async throws {
    for path in ["checkpoints/a/Dream.safetensors", "checkpoints/b/dreamshaper_8.safetensors", "checkpoints/sdxl.ckpt"]
    {
      try folder.write(path, to: path)
    }
    try folder.write("x", to: "loras/dream.safetensors")
    for name in ["Dream", "dream", "DREAM.safetensors", "a/dream", "a\\Dream.safetensors", "dream.safetensors [abc]"] {
      #expect(try await find(name) == "checkpoints/a/Dream.safetensors", "\(name)")
    }
    #expect(try await find("shaper") == "checkpoints/b/dreamshaper_8.safetensors")
    #expect(try await find("b/dreams") == "checkpoints/b/dreamshaper_8.safetensors")
    #expect(try await find("sdxl.safetensors") == "checkpoints/sdxl.ckpt")
    #expect(try await find("dream", .lora) == "loras/dream.safetensors")
    let path = folder.url.appending(path: "checkpoints/sdxl.ckpt")
    #expect(try await library.find(path.path, .lora) == path)

    let ambiguous = await complaint("drea")
    for words in ["'Dream'", "'dreamshaper_8'", "could be"] { #expect(ambiguous.contains(words), "\(ambiguous)") }
    // Another's model of that name is another model.
    #expect(await complaint("c/dream").hasPrefix("There is no file or folder 'c/dream'"))
    let absent = await complaint("dreem")
    for words in ["'dreem'", "no checkpoint", "'Dream'", folder.url.lastPathComponent] {
      #expect(absent.contains(words), "\(absent)")
    }
    #expect(await complaint("dreem", .vae).contains("no VAE"))
    #expect(await complaint("").hasPrefix("There is no file or folder ''"))
    #expect(!(await complaint("\u{1B}[31mred")).contains("\u{1B}"))
    do {
      _ = try await ModelLibrary().find("dream", .lora)
      Issue.record("found in no folder")
    } catch let error as ImagineError { #expect(error.message.contains("no folder of models"), "\(error)") }

    try folder.write("y", to: "checkpoints/b/Dream.safetensors")
    let twice = await complaint("dream")
    for words in ["/a/Dream.safetensors'", "/b/Dream.safetensors'"] { #expect(twice.contains(words), "\(twice)") }
    #expect(try await find("b/dream") == "checkpoints/b/Dream.safetensors")
  }

  private static let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"

  @Test("A file is found by its hash as AUTOMATIC1111 and model sites show it, of the file or of its weights")
  func hashes() async throws {
    try folder.write("abc", to: "loras/one.safetensors")
    try folder.write("\u{2}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}\u{0}{}abc", to: "loras/two.safetensors")
    #expect(try await find(String(Self.abc.prefix(10)), .lora) == "loras/one.safetensors")
    #expect(try await find(Self.abc.uppercased(), .lora) == "loras/one.safetensors")
    #expect(try await find(String(Self.abc.prefix(12)), .lora) == "loras/two.safetensors")
    #expect(try await find(String(Self.abc.prefix(6)), .lora) == "loras/one.safetensors")
    #expect(await complaint(String(Self.abc.prefix(5)), .lora).hasPrefix("There is no file"))
    #expect(await complaint("0123456789", .lora).hasPrefix("There is no file"))
    try folder.write("abc", to: "loras/copy.safetensors")
    #expect(await complaint(String(Self.abc.prefix(6)), .lora).contains("could be 'copy' or 'one'"))
    // Two of a name, told apart by the hash beside it.
    try folder.write("other", to: "loras/b/one.safetensors")
    #expect(try await find("one.safetensors [\(Self.abc.prefix(10))]", .lora) == "loras/one.safetensors")
  }

  private static let empty = "e3b0c44298"

  @Test(
    "A picture's model is found by its name, by its hash, and among several of a name by both", .timeLimit(.minutes(1)))
  func recordedModels() async throws {
    try folder.write("x", to: "Dream.safetensors")
    try folder.write("", to: "b/dream.safetensors")
    func model(_ name: String?, _ hash: String?) async throws -> String? {
      try await library.checkpoint(named: name, hash: hash)?.lastPathComponent
    }
    #expect(try await model("sd\\dream", nil) == "Dream.safetensors")
    #expect(try await model("dream", Self.empty) == "dream.safetensors")
    #expect(try await model("other", Self.empty.uppercased()) == "dream.safetensors")
    #expect(try await model(nil, "0000000000") == nil)
  }

  @Test("A picture's textual inversions are found by their names, and what is not found is said")
  func recordedEmbeddings() async throws {
    try folder.write("abc", to: "embeddings/bad.pt")
    try folder.write("other", to: "embeddings/deep/bad.safetensors")
    let found = try #require(try await library.embedding(named: "Bad", hash: String(Self.abc.prefix(12))))
    #expect(found.hasHash && found.file.lastPathComponent == "bad.pt")
    #expect(try await library.embedding(named: "bad", hash: "000000000000")?.hasHash == false)
    #expect(try await library.embedding(named: "worse", hash: nil) == nil)
    var settings = RecordedSettings(
      parameters:
        "a cat\nNegative prompt: bad, worse\nSteps: 2, Seed: 1, TI hashes: \"bad: ba7816bf8f01, worse: 123456789abc\"")
    #expect(settings.embeddings.map(\.name) == ["bad", "worse"])
    #expect(settings.unhonoured.contains { $0.contains("bad: ba7816bf8f01") && $0.contains("worse") })
    settings.use(found.file, forEmbedding: settings.embeddings[0])
    #expect(settings.request.embeddings == [Embedding(found.file, name: "bad")])
    #expect(settings.unhonoured.contains { !$0.contains("bad: ") && $0.contains("worse: 123456789abc") })
  }

  @Test("What stood beside a picture's model is found by exactly its name, whatever its folders and its ending are")
  func recordedParts() throws {
    try folder.write("x", to: "controlnet/sd15/canny.pth")
    try folder.write("x", to: "upscale_models/4x-Ultra.pth")
    func place(_ name: String, _ kind: ModelKind) throws -> String? {
      try library.file(named: name, kind)?.lastPathComponent
    }
    #expect(try place("xl\\Canny.safetensors", .controlNet) == "canny.pth")
    #expect(try place("4x-ultra", .upscaler) == "4x-Ultra.pth")
    #expect(try place("canny", .upscaler) == nil && place("4x", .upscaler) == nil && place("", .upscaler) == nil)
  }

  // MARK: Strange folders

  @Test(
    "Circles of links, folders and pipes with a model's name, and folders that are not there hold nobody up",
    .timeLimit(.minutes(1)))
  func strangeFolders() async throws {
    let files = FileManager.default
    try files.createDirectory(at: folder.url.appending(path: "model.safetensors"), withIntermediateDirectories: true)
    try files.createSymbolicLink(at: folder.url.appending(path: "round"), withDestinationURL: folder.url)
    try files.createSymbolicLink(
      at: folder.url.appending(path: "lost.safetensors"), withDestinationURL: folder.url.appending(path: "nothing"))
    try #require(mkfifo(folder.url.appending(path: "pipe.ckpt").path, 0o600) == 0)
    for name in ["model", "lost", "pipe", "none"] {
      #expect(try await library.checkpoint(named: name, hash: Self.empty) == nil, "\(name)")
    }
    try folder.write("", to: "real.ckpt")
    // Two links to one file are one file; links to folders elsewhere are followed.
    let elsewhere = try LibraryFolder()
    try elsewhere.write("x", to: "far/away.ckpt")
    try files.createSymbolicLink(
      at: folder.url.appending(path: "checkpoints"), withDestinationURL: elsewhere.url.appending(path: "far"))
    try files.createSymbolicLink(
      at: folder.url.appending(path: "also.ckpt"), withDestinationURL: folder.url.appending(path: "real.ckpt"))
    #expect(try await library.checkpoint(named: "real", hash: Self.empty) != nil)
    #expect(try names(.checkpoint) == ["away"])
    let link = folder.url.appending(path: "link")
    try files.createSymbolicLink(at: link, withDestinationURL: folder.url)
    #expect(try await ModelLibrary(folders: [.init(link)]).checkpoint(named: "away", hash: nil) != nil)
    for path in ["absent", "real.ckpt"] {
      let library = ModelLibrary(folders: [.init(folder.url.appending(path: path))])
      #expect(try await library.checkpoint(named: "x", hash: nil) == nil)
    }
  }

  @Test("A walk through folders ends however deep they are") func depth() async throws {
    try folder.write("", to: String(repeating: "a/", count: 40) + "deep.ckpt")
    try folder.write("", to: "a/a/near.ckpt")
    #expect(try await library.checkpoint(named: "deep", hash: nil) == nil)
    #expect(try await library.checkpoint(named: "near", hash: nil) != nil)
  }

  @Test("A search that is cancelled ends") func cancellation() async throws {
    for index in 0..<600 { try folder.write("", to: "\(index).ckpt") }
    let library = library
    let search = Task {
      withUnsafeCurrentTask { $0?.cancel() }
      return try await library.checkpoint(named: "none", hash: "0000000000")
    }
    await #expect(throws: CancellationError.self) { try await search.value }
  }
}
