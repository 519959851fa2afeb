import Foundation
import Imagine
import ImagineGoldens
import Testing

@testable import Imagine

/// What pictures of this and other programs say of how they were drawn.
@Suite struct RecallTests {
  /// A picture of AUTOMATIC1111's with most of what its interface can set.
  static let webui = """
    (masterpiece:1.2), a house, [day:night:0.5]
    on a hill
    Negative prompt: blurry, (worst quality:1.4)
    Steps: 28, Sampler: DPM++ 2M SDE, Schedule type: Karras, CFG scale: 6.5, Seed: 4294967295, Size: 512x768, \
    Model hash: ABCDEF0123, Model: dream_shaper_8, VAE hash: 1234567890, VAE: kl-f8.ckpt, Variation seed: 7, \
    Variation seed strength: 0.25, Seed resize from: 512x512, Denoising strength: 0.55, Clip skip: 2, ENSD: 31337, \
    RNG: CPU, NGMS: 1.5, Tiling: True, Hires upscale: 1.5, Hires steps: 12, Hires upscaler: Latent (bicubic antialiased), \
    Eta: 0.8, Lora hashes: "detail: 0123456789ab, light: ba9876543210", Emphasis: No norm, Token merging ratio: 0.5, \
    Version: v1.10.1
    """

  @Test func readsWhatTheWebUIWrites() throws {
    let settings = RecordedSettings(parameters: Self.webui), request = settings.request
    #expect(settings.program == "AUTOMATIC1111")
    #expect(settings.modelName == "dream_shaper_8" && settings.modelHash == "abcdef0123")
    #expect(request.likeness == .a1111 && request.randomSource == .cpu)
    #expect(request.prompt == "(masterpiece:1.2), a house, [day:night:0.5]\non a hill")
    #expect(request.negativePrompt == "blurry, (worst quality:1.4)")
    #expect(request.steps == 28 && request.guidanceScale == 6.5 && request.seed == 4_294_967_295)
    #expect(request.sampler?.label == "DPM++ 2M SDE" && request.schedule == .karras)
    #expect(request.size == Size(width: 512, height: 768) && request.clipSkip == 2)
    #expect(request.variation == Variation(seed: 7, strength: 0.25))
    #expect(request.noiseSize == Size(width: 512, height: 512))
    #expect(request.samplerSettings.noiseSeedDelta == 31337 && request.samplerSettings.eta == 0.8)
    #expect(request.guidance.minimumSigma == 1.5 && request.tiling == [.x, .y])
    #expect(request.emphasis == .noNorm)
    let hires = try #require(request.hires)
    #expect(hires.scale == 1.5 && hires.steps == 12 && hires.strength == 0.55)
    #expect(hires.upscaler.name == "latent_bicubic_antialiased")
    // What it cannot do is named, each once.
    let unhonoured = settings.unhonoured.joined(separator: "\n")
    for part in ["kl-f8.ckpt", "detail: 0123456789ab", "Token merging ratio: 0.5"] {
      #expect(unhonoured.contains(part), "\(part)")
    }
    #expect(settings.unhonoured.count == 3, "\(settings.unhonoured)")
  }

  @Test("What is not said is as AUTOMATIC1111 has it")
  func defaultsOfTheWebUI() {
    let request = RecordedSettings(
      parameters: "a house\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Version: v1.8.0"
    ).request
    #expect(request.randomSource == .cuda && request.likeness == .a1111)
    #expect(request.sampler == .eulerAncestral && request.schedule == nil && request.hires == nil)
  }

  @Test("A sampler's name of before 1.9 says its schedule, and a picture it began from is asked for")
  func olderNames() {
    let settings = RecordedSettings(
      parameters: "a [cat:dog:5]\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7.0, Seed: 1, Size: 512x512, "
        + "Denoising strength: 0.75, Mask blur: 4, Version: v1.5.2")
    #expect(settings.request.schedule == .karras && settings.request.guidanceScale == 7)
    #expect(settings.unhonoured.contains { $0.contains("0.75") && $0.contains("mask") })
    // As A1111 itself reads pictures of before 1.6.
    #expect(settings.request.countsEditsAnew && settings.unhonoured.count == 1)
  }

  @Test("How a picture was used is told, for when it is given again, and so is what is still missing then")
  func changedPictures() throws {
    func settings(_ fields: String, _ version: String = "v1.10.1") -> RecordedSettings {
      RecordedSettings(
        parameters:
          "a house\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 64x64, \(fields), Version: \(version)")
    }
    let whole = try #require(settings("Denoising strength: 0.4").change)
    #expect(whole.strength == 0.4 && whole.resizing == .stretch && whole.mask == nil)
    let part = settings(
      "Denoising strength: 0.75, Mask mode: Inpaint not masked, Inpaint area: Only masked, Masked area padding: 24, "
        + "Masked content: latent nothing")
    // AUTOMATIC1111 leaves out a blur of 0.
    let picture = try SourcePicture(size: Size(width: 1, height: 1), pixels: [255, 255, 255])
    let mask = try #require(part.change).mask(picture)
    #expect(mask.blur == 0 && mask.isInverted && mask.content == .nothing && mask.padding == 24)
    #expect(part.unhonoured.count == 1)
    #expect(part.unhonoured(givenPicture: true, givenMask: false).count == 1)
    #expect(part.unhonoured(givenPicture: true, givenMask: true).isEmpty)
    #expect(whole.mask(picture) == Mask(picture))
    let own = try #require(
      settings("Denoising strength: 1, Resize mode: fill, Expand: 8 0 16 24, Mask blur: 3", "imagine 0.1").change)
    #expect(own.resizing == .fill && own.margins == Margins(left: 8, top: 0, right: 16, bottom: 24))
    #expect(own.initialImage(picture).strength == 1 && own.mask(picture).blur == 3)
    #expect(settings("Denoising strength: 0.4, Hires upscale: 2").change == nil)
  }

  @Test("What guided a picture is told with its settings, so that only the picture has to be given again")
  func guides() throws {
    let settings = RecordedSettings(
      parameters: """
        a house
        Steps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 64x64, ControlNet 0: "Module: canny, \
        Model: control_v11p_sd15_canny [d14c016b], Weight: 0.7, Resize Mode: Resize and Fill, Processor Res: 512, \
        Threshold A: 50, Threshold B: 150, Guidance Start: 0.1, Guidance End: 0.8, Pixel Perfect: True, \
        Control Mode: My prompt is more important", ControlNet 1: "Module: depth_midas, Model: depth, Weight: 1", \
        ControlNet 2: "Module: ip-adapter_clip_sd15, Model: ip-adapter_sd15 [6a3f6166], Encoder: big, Weight: 0.5", \
        ControlNet 3: "Module: reference_only, Model: None", Version: v1.10.1
        """)
    #expect(settings.guides.map(\.name) == ["control_v11p_sd15_canny", "depth", "ip-adapter_sd15"])
    #expect(
      settings.guides.map(\.kind) == [.controlNet, .controlNet, .ipAdapter] && settings.guides[2].encoder == "big")
    #expect(settings.request.controls.isEmpty)
    for words in ["ControlNet control_v11p_sd15_canny", "depth_midas", "IP-Adapter ip-adapter_sd15"] {
      #expect(settings.unhonoured.contains { $0.contains(words) }, "\(settings.unhonoured)")
    }
    #expect(settings.unhonoured.count == 5)
    var found = settings
    let file = URL(filePath: "/models/some.safetensors")
    for guide in settings.guides { found.use(file, for: guide) }
    let control = try #require(found.request.controls.first)
    #expect(control.model == file && control.weight == 0.7 && control.start == 0.1 && control.end == 0.8)
    #expect(control.preprocessor == (try ControlPreprocessor(named: "canny:50:150")) && control.resizing == .fill)
    #expect(control.importance == .prompt && control.picture == nil)
    #expect(found.request.controls.map(\.preprocessor).last == ControlPreprocessor.none)
    #expect(found.request.imagePrompts.map(\.weight) == [0.5])
    #expect(found.unhonoured.count == 2, "\(found.unhonoured)")
  }

  @Test("Upscalers are told by the names of their files, and opened once these are said")
  func upscalers() async throws {
    func settings(_ fields: String) -> RecordedSettings {
      RecordedSettings(
        parameters:
          "a house\nSteps: 20, Sampler: Euler, CFG scale: 7, Seed: 1, Size: 64x64, \(fields), Version: v1.10.1")
    }
    let both = settings(
      "Denoising strength: 0.5, Hires upscale: 2, Hires upscaler: R-ESRGAN 4x+, Postprocess upscale by: 1.5, "
        + "Postprocess upscaler: compact_x2")
    #expect(both.upscalers.map(\.name) == ["RealESRGAN_x4plus", "compact_x2"])
    #expect(both.upscalers.map(\.scale) == [nil, 1.5] && both.upscalers.map(\.isOfSecondPass) == [true, false])
    #expect(both.unhonoured.count == 2, "\(both.unhonoured)")
    var found = both
    for upscaler in both.upscalers { found.use(Golden.url("upscalers/compact_x2.pth"), for: upscaler) }
    #expect(found.unhonoured == [] && found.request.upscaling == nil)
    let engine = try Engine(Engine.Options(device: .cpu, precision: .float32, threads: 1))
    let request = try await found.request(on: engine)
    #expect(request.upscaling?.scale == 1.5 && request.upscaling?.upscaler.name == "compact_x2")
    #expect(request.hires?.upscalerModel?.engine === engine)
    for fields in [
      "Postprocess upscale by: 2, Postprocess upscaler: Lanczos",
      "Postprocess upscale to: 9x9, Postprocess upscaler: x",
    ] {
      let other = settings(fields)
      #expect(other.upscalers.isEmpty && other.unhonoured.count == 1, "\(other.unhonoured)")
    }
  }

  @Test func readsStableDiffusionCpp() {
    let settings = RecordedSettings(
      parameters:
        "a lovely cat\nNegative prompt: dog\nSteps: 20, CFG scale: 7.000000, Guidance: 3.500000, Eta: 0.000000, "
        + "Seed: 42, Size: 512x512, Model: sd-v1-4.ckpt, RNG: cuda, Sampler: euler_a, Version: stable-diffusion.cpp")
    #expect(settings.program == "stable-diffusion.cpp" && settings.request.likeness == .stableDiffusionCpp)
    #expect(settings.request.sampler == .eulerAncestral && settings.request.randomSource == .cuda)
    #expect(settings.request.guidanceScale == 7)
  }

  /// The graph that ComfyUI shows at first, as it stands in a picture.
  static let graph = """
    {"3": {"inputs": {"seed": 156680208700286, "steps": 20, "cfg": 8.0, "sampler_name": "dpmpp_2m", "scheduler": "karras", \
    "denoise": 1.0, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0]}, \
    "class_type": "KSampler", "is_changed": [NaN]}, "4": {"inputs": {"ckpt_name": "sd\\\\v1-5.safetensors"}, \
    "class_type": "CheckpointLoaderSimple"}, "5": {"inputs": {"width": 512, "height": 768, "batch_size": 1}, \
    "class_type": "EmptyLatentImage"}, "6": {"inputs": {"text": "a (red:1.3) \\"house\\" NaN \\u732b", "clip": ["4", 1]}, \
    "class_type": "CLIPTextEncode"}, "7": {"inputs": {"text": "text, watermark", "clip": ["4", 1]}, \
    "class_type": "CLIPTextEncode"}, "8": {"inputs": {"samples": ["3", 0], "vae": ["4", 2]}, "class_type": "VAEDecode"}, \
    "9": {"inputs": {"filename_prefix": "ComfyUI", "images": ["8", 0]}, "class_type": "SaveImage"}}
    """

  @Test func readsComfyUI() throws {
    let settings = try RecordedSettings(comfyGraph: Self.graph), request = settings.request
    #expect(settings.program == "ComfyUI" && request.likeness == .comfyUI)
    #expect(request.prompt == "a (red:1.3) \"house\" NaN 猫" && request.negativePrompt == "text, watermark")
    #expect(request.seed == 156_680_208_700_286 && request.steps == 20 && request.guidanceScale == 8)
    #expect(request.sampler == .dpmpp2M && request.schedule == .karras)
    #expect(request.size == Size(width: 512, height: 768) && settings.modelName == "sd\\v1-5.safetensors")
    #expect(settings.unhonoured == [])
  }

  @Test("Nodes that mean something else are named, and a graph without a sampler is refused")
  func strangeNodes() throws {
    let stack =
      Self.graph.replacing("\"model\": [\"4\", 0]", with: "\"model\": [\"10\", 0]").dropLast()
      + ", \"10\": {\"inputs\": {\"lora_name\": \"detail.safetensors\", \"model\": [\"4\", 0]}, \"class_type\": \"LoraStack\"}}"
    let settings = try RecordedSettings(comfyGraph: String(stack))
    #expect(settings.modelName == "sd\\v1-5.safetensors" && settings.loras.isEmpty)
    #expect(settings.unhonoured.count == 1 && settings.unhonoured[0].contains("LoraStack (detail.safetensors)"))
    for graph in ["{}", "[", "{\"1\": {\"class_type\": \"SaveImage\", \"inputs\": {}}}", ""] {
      #expect(throws: ImagineError.self) { try RecordedSettings(comfyGraph: graph) }
    }
    // A circle of links ends.
    let circle =
      "{\"1\": {\"class_type\": \"KSampler\", \"inputs\": {\"model\": [\"1\", 0], \"latent_image\": [\"1\", 0]}}}"
    #expect(throws: ImagineError.self) { try RecordedSettings(comfyGraph: circle) }
  }

  @Test("Seeds of all 64 bits, and values in nodes of their own, are read; what is computed is asked for")
  func linkedValues() throws {
    let seed = "156680208700286"
    for value in ["9223372036854775807", "9223372036854775808", "18446744073709551615"] {
      let settings = try RecordedSettings(comfyGraph: Self.graph.replacing(seed, with: value))
      #expect(settings.request.seed == UInt64(value) && settings.unhonoured == [])
    }
    let linked =
      Self.graph.replacing(seed, with: "[\"20\", 0]").replacing("\"steps\": 20", with: "\"steps\": [\"21\", 0]")
      .dropLast() + ", \"20\": {\"inputs\": {\"value\": 17}, \"class_type\": \"PrimitiveInt\"}, "
      + "\"21\": {\"inputs\": {\"a\": 1, \"value\": 9}, \"class_type\": \"MathSum\"}}"
    let settings = try RecordedSettings(comfyGraph: String(linked))
    #expect(settings.request.seed == 17 && settings.request.steps == nil)
    #expect(
      settings.unhonoured.contains { $0.contains("steps") } && settings.unhonoured.contains { $0.contains("MathSum") })
    for value in ["-1", "\"x\"", "1e300", "18446744073709551616", "{}"] {
      let settings = try RecordedSettings(comfyGraph: Self.graph.replacing(seed, with: value))
      #expect(settings.request.seed == nil && settings.unhonoured.contains { $0.contains("seed") }, "\(value)")
    }
    let prompt = try RecordedSettings(
      comfyGraph: Self.graph.replacing("\"positive\": [\"6\", 0]", with: "\"positive\": [\"4\", 0]"))
    #expect(prompt.request.prompt == "" && prompt.unhonoured.contains { $0.contains("prompt") })
  }

  @Test("A sampler of ComfyUI that does some of the steps is not taken for one that does all")
  func partOfTheSteps() throws {
    let advanced = Self.graph.replacing("\"KSampler\"", with: "\"KSamplerAdvanced\"").replacing(
      "\"seed\"", with: "\"noise_seed\"")
    let all = advanced.replacing(
      "\"denoise\": 1.0", with: "\"add_noise\": \"enable\", \"start_at_step\": 0, \"end_at_step\": 10000")
    let settings = try RecordedSettings(comfyGraph: all)
    #expect(settings.request.seed == 156_680_208_700_286 && settings.unhonoured == [])
    for (part, with) in [
      ("\"start_at_step\": 0", "\"start_at_step\": 3"), ("\"end_at_step\": 10000", "\"end_at_step\": 15"),
      ("\"enable\"", "\"disable\""),
    ] {
      #expect(try RecordedSettings(comfyGraph: all.replacing(part, with: with)).unhonoured.count == 1, "\(with)")
    }
  }

  /// A hostile graph: many samplers with one and the same long way behind them, each node of which has many links. Followed
  /// anew for each sampler, or for each link, it would not end within days.
  @Test(.timeLimit(.minutes(1))) func graphsOfManyWays() throws {
    let count = 4000
    var nodes = (0..<count).map { index in
      "\"c\(index)\": {\"class_type\": \"Mix\", \"inputs\": {"
        + (1...8).map { "\"i\($0)\": [\"c\(min(index + $0, count - 1))\", 0]" }.joined(separator: ", ") + "}}"
    }
    nodes += (0..<count).map {
      "\"\($0)\": {\"class_type\": \"KSampler\", \"inputs\": {\"latent_image\": [\"c0\", 0], \"model\": [\"c0\", 0]}}"
    }
    let settings = try RecordedSettings(comfyGraph: "{\(nodes.joined(separator: ", "))}")
    #expect(settings.unhonoured.contains { $0.contains("Mix") })
  }

  @Test("A file with a thousand settings of another program is told of in a few lines")
  func manySettings() {
    let fields = (0..<1000).map { "Key \($0)z: " + String(repeating: "v", count: 1000) }.joined(separator: ", ")
    let settings = RecordedSettings(parameters: "a house\nSteps: 20, " + fields)
    #expect(settings.unhonoured.count < 50 && settings.unhonoured.allSatisfy { $0.count < 500 })
    #expect(settings.unhonoured.last?.contains("960") == true)
    #expect(RecordedSettings(parameters: "a house").unhonoured.count == 1)
  }

  @Test("Settings of this program that cannot be read are named")
  func unreadableSettings() {
    for field in [
      "Sigmas: 3 2 x", "Guidance interval: 5 1", "Guidance interval: 1", "Prompt syntax: elvish", "Like: paint",
      "Crop: 1",
      "Original size: five", "Brownian RNG: dice", "Aesthetic score: high",
    ] {
      let settings = RecordedSettings(
        parameters: "a house\nSteps: 20, Sampler: Euler, Seed: 1, \(field), Version: imagine 1")
      #expect(settings.unhonoured.count == 1, "\(field): \(settings.unhonoured)")
    }
  }

  /// Anything at all may stand in a file.
  @Test func readsWhateverIsThere() {
    let words = [
      "Steps: ", "Sampler: ", "Seed: -1", "Size: 99999999999x1", "CFG scale: nan", "Denoising strength: x",
      "Hires upscale: ",
      "\"", "\\", "\n", "Negative prompt:", "Version: v", "Sigmas: 1 2 x", "Guidance interval: 5 1", "é", "\u{0}", ",",
    ]
    var random = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      let text = (0..<Int.random(in: 0..<12, using: &random)).map { _ in
        words[Int.random(in: 0..<words.count, using: &random)]
      }
      .joined(separator: Bool.random(using: &random) ? ", " : "")
      _ = RecordedSettings(parameters: text)
      _ = try? RecordedSettings(comfyGraph: text)
    }
  }
}
