import ArgumentParser
import Foundation
import Imagine
import ImagineGoldens
import Testing

@testable import ImagineCommand

/// What a single picture can be told: the same on the command line and in a line of a prompt file.
@Suite struct LineOptionTests {
  private typealias Check = @Sendable (GenerationRequest) -> Bool

  private static let cases: [(String, Check)] = [
    ("--like a1111", { $0.likeness == .a1111 }), ("--like ComfyUI", { $0.likeness == .comfyUI }),
    ("--like diffusers", { $0.likeness == .diffusers }), ("--like sd.cpp", { $0.likeness == .stableDiffusionCpp }),
    ("--hires", { $0.hires == HiresFix() }), ("--enable-hr", { $0.hires == HiresFix() }),
    ("--hires-scale 1.5", { $0.hires?.scale == 1.5 && $0.hires?.size == nil }),
    ("--hires-size 512x768", { $0.hires?.size == Size(width: 512, height: 768) }),
    ("--hires-steps 12", { $0.hires?.steps == 12 }), ("--hr-second-pass-steps 12", { $0.hires?.steps == 12 }),
    ("--hires-strength 0.4", { $0.hires?.strength == 0.4 }),
    ("--hires-denoising-strength 0.4", { $0.hires?.strength == 0.4 }),
    ("--hires-upscaler lanczos", { $0.hires?.upscaler == .lanczos }),
    ("--hires-upscaler latent_bicubic", { $0.hires?.upscaler.label == "Latent (bicubic)" }),
    (
      "--variation-seed 7 --variation-strength 0.2",
      { $0.variation == Variation(seed: 7, strength: 0.2) }
    ),
    ("--subseed 7 --subseed_strength 0.2", { $0.variation == Variation(seed: 7, strength: 0.2) }),
    ("--variation-strength 0.2", { $0.variation == Variation(seed: nil, strength: 0.2) }),
    ("--subseed -1 --subseed-strength 0.2", { $0.variation == Variation(seed: nil, strength: 0.2) }),
    ("--variation-strength 0", { $0.variation == nil }), ("--subseed -1", { $0.variation == nil }),
    ("--seed-resize-from 512x640", { $0.noiseSize == Size(width: 512, height: 640) }),
    ("--tiling x", { $0.tiling == .x }), ("--tiling Y", { $0.tiling == .y }),
    ("--tiling both", { $0.tiling == [.x, .y] }), ("--seamless xy", { $0.tiling == [.x, .y] }),
    ("--tiling true", { $0.tiling == [.x, .y] }), ("--tiling none", { $0.tiling == [] }),
    ("--eta 0.5", { $0.samplerSettings.eta == 0.5 }), ("--ddim_eta 0.5", { $0.samplerSettings.eta == 0.5 }),
    (
      "--s-churn 3 --s_tmin 0.5 --s-tmax 20 --s-noise 1.01",
      {
        $0.samplerSettings.churn == 3 && $0.samplerSettings.churnMinimum == 0.5
          && $0.samplerSettings.churnMaximum == 20 && $0.samplerSettings.noise == 1.01
      }
    ),
    ("--sigmas 14.5,7,2,0", { $0.samplerSettings.sigmas == [14.5, 7, 2, 0] }),
    ("--sigmas [3,1]", { $0.samplerSettings.sigmas == [3, 1] }),
    ("--guidance-rescale 0.7", { $0.guidance.rescale == 0.7 }), ("--cfg_rescale 0.7", { $0.guidance.rescale == 0.7 }),
    ("--guidance-interval 0.25,5.5", { $0.guidance.interval == 0.25...5.5 }),
    ("--ngms 1.5", { $0.guidance.minimumSigma == 1.5 }), ("--s_min_uncond 1.5", { $0.guidance.minimumSigma == 1.5 }),
    ("--prompt-syntax comfy", { $0.promptSyntax == .comfy }), ("--prompt-syntax PLAIN", { $0.promptSyntax == .plain }),
    ("--emphasis no_norm", { $0.emphasis == .noNorm }), ("--emphasis ignore", { $0.emphasis == .ignore }),
    ("--prompt-2 boats", { $0.secondPrompt == "boats" }), ("--second_prompt boats", { $0.secondPrompt == "boats" }),
    ("--negative-prompt-2 fog", { $0.secondNegativePrompt == "fog" }),
    ("--clip-skip 2", { $0.clipSkip == 2 }),
    ("--original-size 64x32", { $0.originalSize == Size(width: 64, height: 32) }),
    ("--crop 8,16", { $0.crop == Crop(left: 8, top: 16) }),
    ("--target-size 64x32", { $0.targetSize == Size(width: 64, height: 32) }),
    ("--negative-original-size 64x32", { $0.negativeOriginalSize == Size(width: 64, height: 32) }),
    ("--negative-crop 8,16", { $0.negativeCrop == Crop(left: 8, top: 16) }),
    ("--negative-target-size 64x32", { $0.negativeTargetSize == Size(width: 64, height: 32) }),
    ("--aesthetic-score 7", { $0.aestheticScore == 7 }),
    ("--negative-aesthetic-score 1.5", { $0.negativeAestheticScore == 1.5 }),
    (
      "--init-image P",
      {
        $0.initialImage?.picture.size == Size(width: 24, height: 16) && $0.initialImage?.mask == nil
          && $0.initialImage?.strength == nil && $0.initialImage?.resizing == .crop
      }
    ),
    ("--image P --denoise 0.5", { $0.initialImage?.strength == 0.5 }),
    ("--init-img P --resize-mode fill", { $0.initialImage?.resizing == .fill }),
    ("--img2img P --resize_mode Latent", { $0.initialImage?.resizing == .latent }),
    ("--init-image P --mask P", { $0.initialImage?.mask?.blur == 4 && $0.initialImage?.mask?.padding == nil }),
    (
      "--init-image P --inpaint P --mask-blur 9 --invert-mask --mask-content noise",
      {
        $0.initialImage?.mask?.blur == 9 && $0.initialImage?.mask?.isInverted == true
          && $0.initialImage?.mask?.content == .noise
      }
    ),
    ("--init-image P --mask P --inpainting_fill nothing", { $0.initialImage?.mask?.content == .nothing }),
    ("--init-image P --mask P --only-masked", { $0.initialImage?.mask?.padding == 32 }),
    ("--init-image P --mask P --inpaint-full-res", { $0.initialImage?.mask?.padding == 32 }),
    ("--init-image P --mask P --mask-padding 8", { $0.initialImage?.mask?.padding == 8 }),
    (
      "--init-image P --expand 8,0,16,24",
      { $0.initialImage?.margins == Margins(left: 8, top: 0, right: 16, bottom: 24) }
    ),
    ("--init-image P --outpaint 8", { $0.initialImage?.margins == Margins(left: 8, top: 8, right: 8, bottom: 8) }),
    ("--upscale U", { $0.upscaling?.upscaler.name == "compact_x2" && $0.upscaling?.scale == nil }),
    ("--upscale-model U:1.5", { $0.upscaling?.upscaler.scale == 2 && $0.upscaling?.scale == 1.5 }),
    ("--hires-upscaler U", { $0.hires?.upscalerModel?.name == "compact_x2" && $0.hires?.upscaler == .latent }),
    ("--init-image P --image-cfg-scale 1.2", { $0.guidance.pictureScale == 1.2 }),
    ("--init-image P --img_cfg_scale 1.2", { $0.guidance.pictureScale == 1.2 }),
    ("--cache deep:3", { $0.featureCache == FeatureCache(interval: 3) }),
    ("--deep-cache Deep:2:1", { $0.featureCache == FeatureCache(interval: 2, branch: 1) }),
    (
      "--embedding a.pt --textual-inversion b.safetensors",
      { $0.embeddings.map(\.name) == ["a", "b"] && $0.embeddings[0].file.lastPathComponent == "a.pt" }
    ),
    (
      "--control net.safetensors --control-image P",
      {
        $0.controls.count == 1 && $0.controls[0].model.lastPathComponent == "net.safetensors"
          && $0.controls[0].picture?.size == Size(width: 24, height: 16) && $0.controls[0].weight == 1
          && $0.controls[0].preprocessor == .none && $0.controls[0].importance == .balanced
      }
    ),
    ("--init-image P --controlnet net:2", { $0.controls.first?.weight == 2 && $0.controls.first?.picture == nil }),
    (
      "--lora one.safetensors --lora two:0.5 --loras a/b.pt:-0.5:0.25 --lora-partial",
      {
        $0.loras.map(\.name) == ["one", "two", "b"] && $0.loras.map(\.weight) == [1, 0.5, -0.5]
          && $0.loras.map(\.textEncoderWeight) == [nil, nil, 0.25] && $0.loras[0].file == nil
          && $0.loras[2].file?.lastPathComponent == "b.pt" && $0.allowsPartialLoRAs
      }
    ),
    (
      "--control net:0.5 --control-image P --preprocess canny:50:150 --control-start 0.1 --control-end 0.8 "
        + "--control-mode prompt --control-resize fill",
      {
        $0.controls.count == 1 && $0.controls[0].weight == 0.5
          && $0.controls[0].preprocessor.description == "canny:50:150"
          && $0.controls[0].start == 0.1 && $0.controls[0].end == 0.8 && $0.controls[0].importance == .prompt
          && $0.controls[0].resizing == .fill && $0.controls[0].model.lastPathComponent == "net"
      }
    ),
    (
      "--control a:0.5 --control-image P --control b --control-image P --control_guidance_end 0.5 --preprocess none "
        + "--preprocess lineart",
      {
        $0.controls.map(\.weight) == [0.5, 1] && $0.controls.map(\.end) == [0.5, 0.5]
          && $0.controls.map(\.preprocessor) == [.none, .lineart]
      }
    ),
    (
      "--ip-adapter a:0.7 --ip-image P --ip-image P --image-encoder e --ip-start 0.1 --ip-end 0.5",
      {
        $0.imagePrompts.count == 1 && $0.imagePrompts[0].weight == 0.7 && $0.imagePrompts[0].pictures.count == 2
          && $0.imagePrompts[0].encoder?.lastPathComponent == "e" && $0.imagePrompts[0].start == 0.1
          && $0.imagePrompts[0].end == 0.5
      }
    ),
    (
      "--ip-adapter a --ip-adapter b:2 --ip_adapter_image P --clip-vision e",
      {
        $0.imagePrompts.map(\.weight) == [1, 2]
          && $0.imagePrompts.allSatisfy { $0.pictures.count == 1 && $0.encoder != nil }
      }
    ),
  ]

  /// Runs with a small picture's path in place of `P`.
  private func withPicture<Result>(_ words: String, _ body: ([String]) throws -> Result) throws -> Result {
    let url = FileManager.default.temporaryDirectory.appending(path: "line-\(UUID().uuidString).png")
    defer { try? FileManager.default.removeItem(at: url) }
    try SmallPicture.write(width: 24, height: 16, to: url)
    let upscaler = Golden.url("upscalers/compact_x2.pth").path
    return try body(
      words.split(separator: " ").map { word in
        word == "P" ? url.path : word.first == "U" ? upscaler + word.dropFirst() : String(word)
      })
  }

  /// With something to run upscalers on.
  private static let pictures: SourcePictures = {
    let pictures = SourcePictures()
    if let engine = try? Engine(Engine.Options(device: .cpu, threads: 1)) {
      pictures.upscalers.use(engine, ModelLibrary())
    }
    return pictures
  }()

  private func ofCommandLine(_ words: [String]) throws -> GenerationRequest {
    let command = try #require(try Invocation(["x"] + words).command() as? RenderCommand)
    return try command.arguments.picture.applied(
      to: GenerationRequest(prompt: "x"), usual: Size(width: 512, height: 512), Self.pictures)
  }

  private func ofLine(_ words: [String]) throws -> GenerationRequest {
    let file = PromptFile(Data(("x " + words.joined(separator: " ")).utf8))
    if let problem = file.problems.first { throw PromptFileError(problem.message) }
    return try #require(file.entries.first).applied(
      to: GenerationRequest(prompt: "x"), usual: Size(width: 512, height: 512), Self.pictures)
  }

  @Test(arguments: cases.indices) func saysTheSameInBothPlaces(_ index: Int) throws {
    let (words, check) = Self.cases[index]
    try withPicture(words) { words in
      let request = try ofCommandLine(words)
      #expect(check(request), "\(words)")
      #expect(try ofLine(words) == request, "\(words)")
    }
  }

  @Test("Every option that lines share is tried above")
  func allOptionsAreTried() throws {
    let table = OptionTable(of: RenderCommand.self)
    let tried = Set(
      Self.cases.flatMap { words, _ in
        words.split(separator: " ").filter { $0.hasPrefix("--") }.compactMap { name -> String? in
          let usual = OptionTable.usual(String(name))
          return (table[usual] ?? ForeignOptions.aliases[usual].flatMap { table[$0] })?.name
        }
      })
    for option in OptionTable(of: LineOptionNames.self).options where !option.names.contains("--help") {
      #expect(tried.contains(option.name), "\(option.name)")
    }
  }

  private static let mistakes: [(String, String)] = [
    ("--cache 3", "deep:3"), ("--cache deep:x", "deep:3"), ("--cache deep:2:1:1", "deep:3"),
    ("--mask P", "--init-image"), ("--strength 0.5", "--init-image"), ("--expand 8", "--init-image"),
    ("--resize-mode fill", "--init-image"), ("--image-cfg-scale 2", "--init-image"), ("--only-masked", "--init-image"),
    ("--init-image P --mask-blur 3", "--mask"), ("--init-image P --only-masked", "--mask"),
    ("--init-image P --invert-mask", "--mask"), ("--init-image P --mask-content fill", "--mask"),
    ("--init-image P --strength 1.5", "0 to 1"), ("--init-image P --strength nan", "0 to 1"),
    ("--init-image P --strength -0.1", "0 to 1"), ("--init-image P --mask P --mask-blur 300", "0 to 256"),
    ("--init-image P --mask P --mask-padding 5000", "0 to 4096"), ("--init-image P --expand 1,2", "four numbers"),
    ("--init-image P --expand -8", "four numbers"), ("--init-image P --expand 1,2,3,x", "four numbers"),
    ("--init-image P --expand 99999999999999999999", "four numbers"),
    ("--init-image P --resize-mode big", "stretch, crop, fill or latent"),
    ("--init-image P --mask P --mask-content blue", "original, fill, noise or nothing"),
    ("--init-image /nowhere/x.png", "x.png"), ("--init-image /", "folder"),
    ("--lora :0.5", "names no file"), ("--lora a:nan", "no number"),
    ("--control-image P", "--control"), ("--preprocess canny", "--control"), ("--control-mode guess", "--control"),
    ("--control a --control-image P --preprocess depth", "canny"),
    ("--control a --control-image P --control-mode loud", "balanced"),
    ("--control a --control b --control c --control-image P --control-image P", "that guide are 3"),
    ("--control a --control-image /nowhere/y.png", "y.png"), ("--ip-image P", "--ip-adapter"),
    ("--ip-adapter a", "--ip-image"),
    ("--ip-adapter a --ip-adapter b --ip-image P --ip-image P --ip-image P", "3 times"),
    ("--hires-scale 2 --hires-size 512", "one of them"), ("--hires-scale 0.5", "1 to 8"),
    ("--hires-scale nan", "1 to 8"),
    ("--upscale U:99", "1 to 16"), ("--upscale /nowhere/x4.pth", "x4.pth"), ("--upscale P", "PNG"),
    ("--hires-strength 2", "0 to 1"), ("--hires-size big", "1024x1536"), ("--hires-upscaler magic", "lanczos"),
    ("--variation-seed 3", "--variation-strength"), ("--variation-seed -2 --variation-strength 0.1", "-1"),
    ("--variation-strength 1.1", "0 to 1"), ("--seed-resize-from 5x", "512x512"), ("--tiling z", "x, y, both or none"),
    ("--eta 11", "0.0 to 10.0"), ("--eta nan", "0.0 to 10.0"), ("--s-churn -1", "--s-churn"),
    ("--guidance-rescale 2", "0.0 to 1.0"), ("--ngms -1", "--ngms"), ("--sigmas a,b", "14.6,7.5,2.7,0.9,0"),
    ("--sigmas ,", "14.6,7.5,2.7,0.9,0"), ("--guidance-interval 5,1", "0.28,5.4"),
    ("--guidance-interval nan,1", "0.28,5.4"), ("--guidance-interval 1", "0.28,5.4"),
    ("--like gimp", "a1111, comfyui, diffusers, sd.cpp"), ("--prompt-syntax latin", "a1111, comfy or plain"),
    ("--emphasis loud", "no_norm"), ("--clip-skip 0", "last layer"), ("--negative-crop 5", "0,0"),
    ("--negative-target-size x", "1024x1024"), ("--aesthetic-score high", "high"),
  ]

  @Test(arguments: mistakes) func mistakesAreOneSentenceInBothPlaces(_ words: String, _ part: String) throws {
    try withPicture(words) { words in
      let onCommandLine = #expect(throws: (any Error).self, "\(words)") { try ofCommandLine(words) }
      let inLine = #expect(throws: (any Error).self, "\(words)") { try ofLine(words) }
      for error in [onCommandLine, inLine].compactMap({ $0 }) {
        let message = (error as? ImagineError)?.message ?? RenderCommand.message(for: error)
        #expect(message.contains(part), "\(words): \(message)")
        #expect(!message.contains("\n"), "\(words): \(message)")
      }
    }
  }

  @Test func picturesAreGivenOnce() throws {
    for words in [["-i", "a.png", "--init-image", "b.png"], ["-i", "a.png", "--mask", "m", "--inpaint=n"]] {
      let error = #expect(throws: (any Error).self) { try Invocation(["x"] + words).command() }
      #expect(error.map { RenderCommand.message(for: $0).contains("twice") } == true)
    }
    #expect(try Invocation(["x", "--steps", "3", "--steps", "4"]).command() is RenderCommand)
  }

  @Test func sigmasSayTheSteps() throws {
    let error = #expect(throws: (any Error).self) {
      try Invocation(["x", "--sigmas", "3,1,0", "--steps", "5"]).command()
    }
    #expect(error.map { RenderCommand.message(for: $0).contains("--steps") } == true)
  }
}

/// The options that lines share, as a command of their own.
private struct LineOptionNames: ParsableCommand {
  @OptionGroup var options: LineOptions
}
