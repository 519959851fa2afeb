import Foundation
import ImagineCheckpoint
import Testing

@Suite("A folder of everything: each file is called what it is, in one line")
struct MixedFolderTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func summary(_ url: URL) -> String { Checkpoint.summary(of: url) }

  private func summary(_ shapes: [(name: String, shape: [Int])], _ name: String = "x.safetensors") throws -> String {
    summary(try writeZeros(shapes, to: folder.url.appending(path: name)))
  }

  @Test func models() throws {
    for (name, expected) in [
      ("tiny", "a Stable Diffusion 1 model"), ("tiny-2", "a Stable Diffusion 2 model"),
      ("tiny-xl", "a Stable Diffusion XL model"), ("tiny-refiner", "the Stable Diffusion XL refiner"),
    ] {
      let pairs = try KeyPair.load(name).filter { $0.component != "text_encoder" }
      #expect(try summary(pairs.original) == expected)
    }
  }

  @Test func others() throws {
    let vae = try KeyPair.load("tiny").filter { $0.component == "vae" }.original
    #expect(try summary(vae) == "a VAE")
    #expect(try summary([("1.weight", [64, 4, 3, 3]), ("3.conv.0.weight", [64, 64, 3, 3])]) == "a tiny VAE (TAESD)")
    #expect(try summary([("lora_unet_x.lora_up.weight", [1])]) == "a LoRA")
    #expect(try summary([("emb_params", [4, 768])]) == "a textual-inversion embedding")
    #expect(try summary(FamilyRecognitionTests.openCLIP("")) == "a text encoder")
    #expect(try summary([("control_model.zero_convs.0.0.weight", [1])]) == "a ControlNet")
    #expect(try summary([("conv_first.weight", [64, 3, 3, 3])]) == "an image upscaler")
  }

  @Test func picklesOfEach() throws {
    for (name, expected) in [
      ("embedding.pt", "a textual-inversion embedding"), ("nested.pt", "an IP-Adapter"),
      ("checkpoint.pt", "no model of a known kind"),
    ] {
      #expect(summary(goldens.appending(path: "pickles/\(name)")) == expected)
    }
    let tensor = Pickle.tensor(Pickle.storage("0", 6), [6], [1])
    for (key, expected) in [
      ("lora_unet_x.lora_up.weight", "a LoRA"), ("params_ema", "an image upscaler"),
      ("first_stage_model.decoder.conv_in.bias", "a VAE"), ("control_model.zero_convs.0.0.bias", "a ControlNet"),
    ] {
      var value = Pickle.text(key) + tensor + Pickle.setItem
      if key == "params_ema" {
        value =
          Pickle.text(key) + Pickle.emptyDict + Pickle.text("conv_first.weight") + tensor + Pickle.setItem
          + Pickle.setItem
      }
      let pickle = Pickle.op(0x80, [2]) + Pickle.emptyDict + value + Pickle.stop
      let bytes = Archive(pickle: pickle, storages: [("0", [UInt8](repeating: 0, count: 24))]).bytes
      #expect(summary(try folder.file("x.pth", Data(bytes))) == expected)
    }
  }

  /// A GGUF file's beginning with these notes, each a key, a type and the bytes of its value.
  private func gguf(_ notes: [(String, UInt32, [UInt8])], version: UInt32 = 3) -> Data {
    func text(_ text: String) -> [UInt8] { Pickle.little(UInt64(text.utf8.count)) + Array(text.utf8) }
    var bytes =
      Array("GGUF".utf8) + Pickle.little(version) + Pickle.little(UInt64(0)) + Pickle.little(UInt64(notes.count))
    for (key, type, value) in notes { bytes += text(key) + Pickle.little(type) + value }
    return Data(bytes)
  }

  private static let quantised = goldens.deletingLastPathComponent().appending(path: "gguf")

  @Test func quantisedModels() throws {
    let flux = Pickle.little(UInt64(4)) + Array("flux".utf8)
    let notes: [(String, UInt32, [UInt8])] = [
      ("general.alignment", 4, [32, 0, 0, 0]), ("general.architecture", 8, flux),
    ]
    #expect(summary(try folder.file("x.gguf", gguf(notes))) == "a GGUF model (flux)")
    #expect(try Checkpoint.open(folder.file("x.gguf", gguf(notes))).kind == .gguf(architecture: "flux"))
    // stable-diffusion.cpp writes no notes.
    #expect(summary(try folder.file("y.safetensors", gguf([]))) == "a GGUF model")
    #expect(summary(try folder.file("z.gguf", gguf(notes).prefix(40))).contains("ends within its header"))
    #expect(summary(Self.quantised.appending(path: "reshaped.gguf")) == "a Stable Diffusion 1 model")
    let escape = Pickle.little(UInt64(3)) + [0x1B, 0x5B, 0x4A]
    let shown = summary(try folder.file("e.gguf", gguf([("general.architecture", 8, escape)])))
    #expect(shown == "a GGUF model (\\u{1b}[J)")
  }

  @Test("What is no model is said in the sentence of its error") func faults() throws {
    let url = try writeZeros([("a", [1000])], to: folder.url.appending(path: "cut.safetensors"))
    try Data(contentsOf: url).prefix(500).write(to: url)
    #expect(summary(url).contains("cut short"))
    #expect(
      summary(try folder.file("x.ckpt", Data(Archive(pickle: Pickle.file(Pickle.global("os", "system"))).bytes)))
        .contains("os.system"))
    #expect(summary(try folder.file("notes.txt", "some words about models")).contains("text"))
    #expect(summary(folder.url.appending(path: "absent")).contains("no file"))
  }
}
