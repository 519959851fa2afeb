import ArgumentParser
import Foundation
import Imagine
import Logging

/// Which model runs, and on what.
struct EngineOptions: ParsableArguments {
  /// The environment variable that names the model for people who always use the same.
  static let modelVariable = "IMAGINE_MODEL"

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "A Stable Diffusion 1, 2 or XL checkpoint (.safetensors, .ckpt, .gguf) or a diffusers folder: its path, or a part of its name, or its "
        + "hash, as 'imagine list' finds it. Default: \(modelVariable), the configuration's, else the built-in demonstration model.",
      valueName: "model"),
    completion: .file())
  var model: String?

  @OptionGroup
  var library: LibraryOptions

  @OptionGroup
  var parts: ModelPartOptions

  @Option(
    help: ArgumentHelp(
      "auto, cpu, vulkan, vulkan:NUMBER, or a part of a device's name as 'imagine devices' shows it. Default: auto, a graphics card with Vulkan if there is one, else the processor.",
      valueName: "name"), completion: .list(["auto", "cpu", "vulkan"]),
    transform: { name in
      try Choices.requireName(name)
      guard let device = Device(name) else {
        throw ValidationError("choose auto, cpu, vulkan, or a device that 'imagine devices' shows.")
      }
      return device
    })
  var device: Device?

  @Option(
    help: ArgumentHelp(
      "\(Choices.sentence(of: Precision.self)). f16 is for graphics cards. Default: on graphics cards f16, on the processor bf16 where it computes with it, else f32.",
      valueName: "name"), completion: .list(Precision.allCases.map(\.rawValue)),
    transform: Choices.byRawValue)
  var precision: Precision?

  @Option(
    help: ArgumentHelp(
      "How a device with Vulkan multiplies: \(Choices.sentence(of: VulkanTier.self)); t2 uses matrix units, in f16. Default: the best that 'imagine devices' shows for it.",
      valueName: "name"), completion: .list(VulkanTier.allCases.map(\.rawValue)),
    transform: Choices.byRawValue)
  var vulkanTier: VulkanTier?

  @Option(
    name: .shortAndLong,
    help: ArgumentHelp(
      "Processor threads. Default: all the processor has; with tile registers (AMX) one for each core.", valueName: "n")
  )
  var threads: Int?

  @Option(
    name: .customLong("vae-tiling"),
    help: ArgumentHelp(
      "\(Choices.sentence(of: VAETiling.self)): decode in tiles, which takes longer and much less memory, "
        + "and gives the same picture. auto does where memory or the device ask for it.",
      valueName: "when"), completion: .list(VAETiling.allCases.map(\.rawValue)),
    transform: Choices.byRawValue)
  var vaeTiling: VAETiling?

  @Flag(
    inversion: .prefixedNo,
    help: ArgumentHelp(
      "Draw with much less memory, which takes longer: weights stay in the model's file as far as they do not fit, and "
        + "pictures that are too large are decoded in tiles. Default: where memory asks for it."))
  var lowMemory: Bool?

  @Flag(help: "Draw even if the memory that is free is certainly too little.")
  var ignoreMemory = false

  func validate() throws {
    if model?.isEmpty == true {
      throw ValidationError("--model is empty: name a checkpoint or a folder, or leave it out.")
    }
    if let option = parts.given, modelFiles() == nil {
      throw ValidationError("\(option) is about a model of yours: name it with --model.")
    }
    if let threads, !(1...1024 ~= threads) {
      throw ValidationError("\(threads) threads are not possible: choose 1 to 1024.")
    }
  }

  func options(_ display: Display) -> Pipeline.Options {
    Pipeline.Options(
      device: chosenDevice(display), precision: precision, threads: threads, vulkanTier: vulkanTier,
      vaeTiling: vaeTiling ?? .automatic, lowMemory: lowMemory.map { $0 ? .always : .never } ?? .automatic,
      ignoresMemory: ignoreMemory,
      logger: Logger(label: "imagine") { _ in DisplayLogHandler(display) })
  }

  /// What is to compute. Before drivers are looked at in this process, another one tries whether that can be survived.
  private func chosenDevice(_ display: Display) -> Device {
    guard device ?? .automatic == .automatic else { return device ?? .automatic }
    switch DeviceProbe.look() {
    case .seen(_, hasCard: true), .unknown: return .automatic
    case .seen(_, hasCard: false): return vulkanTier == nil && precision != .float16 ? .cpu : .automatic
    case .crashed:
      display.note(DeviceProbe.crashNotice)
      return .cpu
    }
  }

  /// The model by its path or name; nil for the demonstration model.
  func modelName(environment: [String: String] = ProcessInfo.processInfo.environment) -> String? {
    let named = environment[Self.modelVariable].flatMap { $0.isEmpty ? nil : $0 }
    // What is wrong with the configuration was said before options were read.
    return model ?? named ?? (try? UserConfiguration.load(environment: environment))?.model
  }

  /// The model as a path, whatever it names; nil for the demonstration model.
  func modelURL(environment: [String: String] = ProcessInfo.processInfo.environment) -> URL? {
    modelName(environment: environment).map { URL(literalPath: $0) }
  }

  /// The model's files as they are named, without a look at what names mean; nil for the demonstration model. Where only parts are
  /// named, the UNet is what they belong to.
  func modelFiles(environment: [String: String] = ProcessInfo.processInfo.environment) -> ModelFiles? {
    (modelURL(environment: environment) ?? parts.unet.map { URL(literalPath: $0) }).map(parts.applied)
  }
}
