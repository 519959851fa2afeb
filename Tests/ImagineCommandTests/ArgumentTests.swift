import ArgumentParser
import Foundation
import Imagine
import Testing

@testable import ImagineCommand

@Suite struct ArgumentTests {
  private func command(_ arguments: [String]) throws -> RenderArguments {
    try #require(try Invocation(arguments).command() as? RenderCommand).arguments
  }

  private func request(_ arguments: [String]) throws -> GenerationRequest {
    let defaults = GenerationRequest(prompt: "x", size: Size(width: 64, height: 96), steps: 11, guidanceScale: 3)
    return try command(["x"] + arguments).picture.applied(to: defaults)
  }

  private func complaint(_ arguments: [String]) -> String? {
    do {
      _ = try command(arguments)
      return nil
    } catch {
      return RenderCommand.message(for: error)
    }
  }

  private func commandName(_ arguments: [String]) throws -> String? {
    try Invocation(arguments).type.configuration.commandName
  }

  @Test func tiling() throws {
    #expect(try command(["x"]).engine.vaeTiling == nil)
    for tiling in VAETiling.allCases {
      #expect(try command(["x", "--vae-tiling", tiling.rawValue]).engine.vaeTiling == tiling)
    }
    #expect(complaint(["x", "--vae-tiling", "sometimes"])?.contains("auto, always or never") == true)
  }

  @Test func memory() throws {
    func lowMemory(_ arguments: [String]) throws -> LowMemory {
      try command(["x"] + arguments).engine.options(Display(verbosity: .errors)).lowMemory
    }
    #expect(try lowMemory([]) == .automatic)
    #expect(try lowMemory(["--low-memory"]) == .always)
    #expect(try lowMemory(["--no-low-memory"]) == .never)
    #expect(try command(["x", "--ignore-memory"]).engine.options(Display(verbosity: .errors)).ignoresMemory)
    #expect(try command(["--estimate"]).output.estimate)
    #expect(complaint(["x", "--json"])?.contains("--estimate") == true)
    #expect(complaint(["--estimate", "--prompts", "list"])?.contains("one picture") == true)
  }

  @Test func whatIsNotGivenIsTheModelsOwn() throws {
    let request = try request([])
    #expect(request.size == Size(width: 64, height: 96))
    #expect(request.steps == 11 && request.guidanceScale == 3 && request.seed == nil && request.count == 1)
  }

  @Test(arguments: [
    ["-W", "128", "-H", "32", "--steps", "5", "--cfg-scale", "2.5", "-s", "7", "-b", "3", "-n", "bad"],
    ["--width", "128", "--height", "32", "--steps=5", "--cfg", "2.5", "--seed=7", "--count", "3", "--negative", "bad"],
    [
      "--size", "128x32", "--steps", "5", "--cfg-scale=2.5", "--seed", "7", "--batch-count", "3", "--negative-prompt",
      "bad",
    ],
  ])
  func namesAndAliases(_ arguments: [String]) throws {
    let request = try request(arguments)
    #expect(request.size == Size(width: 128, height: 32))
    #expect(request.steps == 5 && request.guidanceScale == 2.5 && request.seed == 7 && request.count == 3)
    #expect(request.negativePrompt == "bad")
  }

  @Test(arguments: ["--sampler", "--sampling-method"])
  func samplersUnderAnyName(_ option: String) throws {
    #expect(try request([option, "euler_a"]).sampler == .eulerAncestral)
    #expect(try request([option, "Euler a"]).sampler == .eulerAncestral)
    let combined = try request([option, "DPM++ 2M Karras"])
    #expect(combined.sampler == .dpmpp2M && combined.schedule == .karras)
    #expect(try request([option, "DPM++ 2M Karras", "--schedule", "simple"]).schedule == .simple)
    #expect(try request([option, "ddim", "--scheduler", "sgm_uniform"]).schedule == .sgmUniform)
  }

  @Test(arguments: [("cpu", RandomSource.cpu), ("comfy", .cpu), ("cuda", .cuda), ("a1111", .cuda)])
  func randomSources(_ name: String, _ source: RandomSource) throws {
    #expect(try request(["--rng", name]).randomSource == source)
  }

  @Test func minusOneIsARandomSeed() throws {
    #expect(try request(["--seed", "-1"]).seed == nil)
    #expect(try request(["-s", "18446744073709551615"]).seed == .max)
  }

  @Test func promptsThatLookLikeSomethingElse() throws {
    #expect(try commandName(["devices"]) == "devices")
    #expect(try commandName(["inspect", "x"]) == "inspect")
    #expect(try Invocation(["inspect", "x"]).arguments == ["x"])
    for arguments in [["-p", "devices"], ["--prompt", "devices"], ["--", "devices"], ["--steps", "3", "devices"]] {
      #expect(try commandName(arguments) == "imagine")
      #expect(try command(arguments).prompt == "devices")
    }
    #expect(try command(["--", "--steps"]).prompt == "--steps")
    #expect(try command(["-p", "-5 degrees"]).prompt == "-5 degrees")
    #expect(try command(["-5 degrees outside", "--steps", "3"]).prompt == "-5 degrees outside")
    #expect(try command(["--no people, a street", "-q"]).prompt == "--no people, a street")
    #expect(try command(["-q", "—a dash— first"]).prompt == "—a dash— first")
    #expect(try command(["--prompt=--steps 3"]).prompt == "--steps 3")
    #expect(try command(["-p", ""]).prompt?.isEmpty == true)
  }

  private static let parts = [
    "--vae": "--vae", "--vae-path": "--vae", "--taesd": "--vae", "--unet": "--unet", "--diffusion-model": "--unet",
    "--clip-l": "--clip-l", "--clip_g": "--clip-g",
  ]

  @Test(arguments: parts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  func partsOfAModel(_ option: String, _ name: String) throws {
    let files = try #require(try command(["x", "-m", "a", option, "~/b"]).engine.modelFiles(environment: [:]))
    let places = ["--vae": files.vae, "--unet": files.unet, "--clip-l": files.clipL, "--clip-g": files.clipG]
    #expect(files.model.lastPathComponent == "a")
    for (other, url) in places {
      #expect(url?.path(percentEncoded: false).hasSuffix("/~/b") == (other == name ? true : nil), "\(other)")
    }
  }

  @Test(
    arguments: [
      ("epsilon", .epsilon), ("eps", .epsilon), ("v_prediction", .velocity), ("v-prediction", .velocity),
      ("V", .velocity), ("vpred", .velocity), ("sample", .sample),
    ] as [(String, Prediction)])
  func predictions(_ name: String, _ prediction: Prediction) throws {
    for option in ["--prediction", "--prediction-type"] {
      let files = try command(["x", "-m", "a", option, name]).engine.modelFiles(environment: [:])
      #expect(files?.prediction == prediction)
    }
  }

  @Test func whatAModelIsTold() throws {
    let request = try request([
      "--clip-skip", "2", "--original-size", "640x320", "--crop", "24,8", "--target-size", "768",
    ])
    #expect(request.clipSkip == 2 && request.crop == Crop(left: 24, top: 8))
    #expect(request.originalSize == Size(width: 640, height: 320))
    #expect(request.targetSize == Size(width: 768, height: 768))
    #expect(try self.request(["--clip-stop-at-last-layers", "3"]).clipSkip == 3)
    let nothing = try self.request([])
    #expect(nothing.clipSkip == nil && nothing.originalSize == nil && nothing.crop == nil)
    #expect(nothing.targetSize == nil)
  }

  @Test(arguments: ["--refiner-start", "--refiner-switch-at", "--switch-at", "--denoising-end"])
  func refiners(_ option: String) throws {
    let refiner = try command(["x", "--refiner", "r", option, "0.7"]).picture.refiner
    #expect(refiner.path == "r" && refiner.start == 0.7)
  }

  private static let mistakes: [([String], String)] = [
    (["x", "-m", "a", "--prediction", "flow"], "epsilon, v_prediction or sample"),
    (["x", "--clip-skip", "0"], "1 is the last layer"), (["x", "--clip-skip", "-2"], "1 is the last layer"),
    (["x", "--crop", "5"], "such as 0,0"), (["x", "--crop", "a,b"], "such as 0,0"),
    (["x", "--original-size", "big"], "1024x1024"), (["x", "--refiner-start", "0.5"], "--refiner"),
    (["x", "--refiner", "r", "--refiner-start", "1.5"], "0 to 1"), (["x", "--refiner", ""], "--refiner is empty"),
    (["x", "-m", "a", "--unet", ""], "--unet is empty"), (["x", "--t5xxl", "y"], "T5"),
    ([], "nothing to draw"), (["a", "red", "house"], "\"a red house\""), (["a", "-p", "b"], "twice"),
    (["a", "--prompts", "f"], "twice"), (["x", "--size", "64", "-W", "64"], "--size"),
    (["x", "--size", "64x"], "512x768"),
    (["x", "--steps", "many"], "many"), (["x", "--seed", "-2"], "-1"), (["x", "--sampler", "nope"], "dpmpp_2m"),
    (["x", "--schedule", "nope"], "karras"), (["x", "--rng", "nope"], "cuda"),
    (["x", "--device", "vulkan:"], "auto, cpu, vulkan"),
    (["x", "--precision", "f8"], "f32, f16 or bf16"), (["x", "-b", "0"], "1 to 100000"),
    (["x", "-t", "0"], "1 to 1024"), (["x", "--vulkan-tier", "t9"], "t0, t1 or t2"),
    (["x", "-q", "-v"], "--quiet"), (["x", "--dump-tensors", "t", "-b", "2"], "--dump-tensors"),
    (["x", "--bogus"], "--bogus"), (["x", "--bogus", "3"], "--bogus"), (["x", "--stpes", "3"], "'--steps'"),
    (["x", "--step", "3"], "'--steps'"), (["--guidence-scale", "3", "x"], "'--guidance-scale'"),
    (["x", "-steps", "3"], "'--steps'"), (["x", "—steps", "3"], "two hyphens"), (["x", "--steps 3"], "quotes"),
    (["-fish"], "-p"), (["-5"], "-p"), (["x", "--quiet=yes"], "takes no value"),
    (["x", "--steps", "--seed", "3"], "--steps"),
    (["x", "-m", ""], "--model is empty"), (["--prompts", ""], "--prompts is empty"),
    (["x", "--lora-scale", "0.8"], "--lora FILE:WEIGHT"),
    (["x", "--no-half"], "--precision f32"),
    (["x", "--list-devices"], "imagine devices"), (["version"], "imagine --version"),
    (["serve", "--port", "1"], "-p serve"),
    (["ls"], "imagine list"), (["models"], "imagine list"), (["download", "x"], "-p download"),
    (["help", "nope"], "nope"),
    (["help", "bench", "nope"], "bench nope"), (["inspcet", "x"], "inspect"),
  ]

  @Test(arguments: mistakes)
  func mistakesAreNamed(_ arguments: [String], _ words: String) throws {
    let message = try #require(complaint(arguments))
    #expect(message.contains(words))
    #expect(!message.contains("\n"))
  }

  @Test(arguments: ForeignOptions.aliases.sorted { $0.key < $1.key }.map { ($0.key, $0.value) })
  func everyAliasIsAnOption(_ alias: String, _ name: String) throws {
    let table = OptionTable(of: RenderCommand.self)
    #expect(table[alias] == nil, "\(alias) hides an option")
    let option = try #require(table[name])
    let words = try ArgumentWords.parsable([alias] + (option.takesValue ? ["1"] : []) + ["x"], for: RenderCommand.self)
    #expect(words == [option.name] + (option.takesValue ? ["1"] : []) + ["--", "x"])
  }

  @Test(arguments: (Array(ForeignOptions.notYet.keys) + Array(ForeignOptions.otherWords.keys)).sorted())
  func whatIsNotPossibleIsSaidAndHidesNoOption(_ name: String) throws {
    #expect(OptionTable(of: RenderCommand.self)[name] == nil)
    #expect(ForeignOptions.aliases[name] == nil)
    for arguments in [["x", name], ["x", name, "0.8"], [name, "0.8", "x"], ["x", name + "=0.8"]] {
      #expect(try #require(complaint(arguments)).contains("'\(name)'"))
    }
  }

  @Test func namesInAnyDress() throws {
    #expect(try request(["--cfg_scale", "2", "--Num_Inference_Steps=3", "-s7", "-b=2"]).steps == 3)
    #expect(try request(["-s7"]).seed == 7)
    #expect(try request(["-b=2"]).count == 2)
    #expect(complaint(["x", "-qv"])?.contains("contradict") == true)
    #expect(try command(["x", "-vv"]).output.verbosity == .log)
    #expect(try command(["x", "-v", "--verbose"]).output.verbosity == .log)
    #expect(try request(["--schedule", "automatic"]).schedule == nil)
    #expect(try request(["--sampler", "DPM++ 2M Karras", "--schedule", "Automatic"]).schedule == .karras)
  }

  @Test func anyWordsAtAll() {
    var generator = SystemRandomNumberGenerator()
    let known = OptionTable(of: RenderCommand.self).options.flatMap(\.names)
    let words =
      known + [
        "", "-", "--", "---", "=", "--=", "-=", "--steps=", "--steps=3", "-s-1", "-qqq", "x", "a house", "-a house",
        "-5", "—steps", "help", "bench", "ops", "\u{301}", "--\u{301}", "-\u{301}", "--s\u{301}teps", "é", "家", "3",
        "512x512",
      ]
    for _ in 0..<2000 {
      let arguments = (0..<Int.random(in: 0...6, using: &generator)).map { _ in
        words.randomElement(using: &generator) ?? ""
      }
      do { _ = try Invocation(arguments).command() } catch {
        #expect(!RenderCommand.message(for: error).contains("\n\n"), "\(arguments)")
      }
    }
  }

  @Test func wordsOfMarksTakeNoLonger() {
    let marks = String(repeating: "\u{301}\u{327}", count: 20_000)
    for arguments in [["--x" + marks], ["-x" + marks], ["x" + marks, "y"], ["x" + marks], ["help", "x" + marks]] {
      if let complaint = complaint(arguments) { #expect(!complaint.isEmpty) }
    }
    #expect(complaint(["--x" + marks])?.utf8.count ?? 0 < 200 + 80)
  }

  @Test func helpOfEveryCommand() throws {
    for (words, name) in [
      ([], "imagine"), (["bench"], "bench"), (["bench", "ops"], "ops"), (["inspect"], "inspect"),
      (["devices"], "devices"),
    ] {
      let invocation = try Invocation(["help"] + words)
      #expect(invocation.type.configuration.commandName == name && invocation.arguments == ["--help"])
    }
  }

  @Test func completionsKnowCommandsAndNames() {
    for shell in [CompletionShell.bash, .zsh, .fish] {
      let script = WholeProgram.completionScript(for: shell)
      for word in ["inspect", "devices", "bench", "ops", "cfg-scale", "dpmpp_2m", "karras", "automatic", "vulkan"] {
        #expect(script.contains(word), "\(shell.rawValue): \(word)")
      }
    }
  }

  @Test func helpNamesEveryChoice() {
    let help = RenderCommand.helpMessage(columns: 1000)
    let names =
      Sampler.all.map(\.name) + Schedule.all.map(\.name) + RandomSource.all.map(\.name)
      + ["auto", "cpu", "vulkan"]
      + Precision.allCases.map(\.rawValue) + VulkanTier.allCases.map(\.rawValue)
    for name in names { #expect(help.contains(name), "\(name)") }
  }

  @Test func theModelIsTheOptionsThenTheVariables() throws {
    #expect(
      try command(["x", "-m", "a"]).engine.modelURL(environment: ["IMAGINE_MODEL": "b"])?.lastPathComponent == "a")
    #expect(try command(["x"]).engine.modelURL(environment: ["IMAGINE_MODEL": "b"])?.lastPathComponent == "b")
    #expect(try command(["x"]).engine.modelURL(environment: ["IMAGINE_MODEL": ""]) == nil)
    #expect(try command(["x"]).engine.modelURL(environment: [:]) == nil)
    let tilde = try command(["x", "-m", "~/a"]).engine.modelURL(environment: [:])
    #expect(tilde?.path(percentEncoded: false).hasSuffix("/~/a") == true)
  }
}
