public import Foundation
internal import ImagineCheckpoint
internal import ImagineDemoModel
internal import ImagineGraph
internal import ImagineModels
internal import ImagineSampling
internal import ImagineText
public import Logging

/// A model ready to draw.
///
/// ```swift
/// let pipeline = try await Pipeline(model: checkpointURL)
/// let image = try await pipeline.image(pipeline.recommendedRequest(prompt: "a lighthouse at dusk"))
/// try image.writePNG(to: outputURL)
/// ```
///
/// A pipeline computes on a thread of its own, so waiting for it blocks nobody. Requests made at the same time take
/// turns. Cancel the task that waits to stop a request within one operation.
public actor Pipeline {
  /// How a model is to be run.
  public struct Options: Sendable {
    public var device: Device
    /// Nil takes 16-bit floats on graphics cards, and on the processor 16-bit brain floats where it has them in hardware;
    /// else 32-bit floats.
    public var precision: Precision?
    /// Nil takes one thread for each processor core this process may use.
    public var threads: Int?
    /// Whether pictures are decoded in tiles.
    public var vaeTiling: VAETiling
    /// Whether pictures are drawn with much less memory, which takes longer.
    public var lowMemory: LowMemory
    /// Whether pictures are drawn whatever memory is free. Otherwise those that would certainly not fit are refused.
    public var ignoresMemory: Bool
    /// How a device with Vulkan multiplies; nil takes the best it has.
    public var vulkanTier: VulkanTier?
    /// Whether the driver is asked what it made of kernels, for checks.
    package var inspectsKernels = false
    /// Where the pipeline tells what it does, at level `debug`; nowhere unless given.
    public var logger: Logger

    public init(
      device: Device = .automatic, precision: Precision? = nil, threads: Int? = nil, vulkanTier: VulkanTier? = nil,
      vaeTiling: VAETiling = .automatic, lowMemory: LowMemory = .automatic, ignoresMemory: Bool = false,
      logger: Logger = Logger(label: "imagine") { _ in SwiftLogNoOpLogHandler() }
    ) {
      self.device = device
      self.precision = precision
      self.threads = threads
      self.vaeTiling = vaeTiling
      self.lowMemory = lowMemory
      self.ignoresMemory = ignoresMemory
      self.vulkanTier = vulkanTier
      self.logger = logger
    }
  }

  /// What was found in the model's files.
  public nonisolated let report: ModelReport
  /// What computes, such as `AMD EPYC 7763, 8 threads`.
  public nonisolated let deviceName: String
  /// The number format the model computes in.
  public nonisolated let precision: Precision

  private nonisolated let thread: ComputeThread
  private nonisolated let configuration: ModelConfiguration
  private nonisolated let modelSampling: ModelSampling
  private nonisolated let sampler: Sampler
  private nonisolated let schedule: Schedule?
  private let tokenizer = CLIPTokenizer()
  private var runner: ModelRunner
  /// Nil for a model without a file.
  private nonisolated let hash: ModelHash?
  /// What to say of the device, until it has been said.
  private var deviceNotice: String?

  public nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// Opens a model: a `.safetensors` checkpoint or a diffusers folder.
  ///
  /// Recognises its family and checks every weight's presence and shape; the weights themselves are read as they are
  /// needed.
  /// - Throws: `ImagineError`.
  public init(model: URL, options: Options = Options()) async throws {
    try await self.init(ImagineError.translating { try OpenedModel(model) }, options: options)
  }

  /// Opens the small model built into this library, which draws simple scenes.
  ///
  /// - Throws: `ImagineError`.
  public static func demonstration(options: Options = Options()) async throws -> Pipeline {
    try await Pipeline(ImagineError.translating { try OpenedModel.demonstration() }, options: options)
  }

  init(_ opened: OpenedModel, options: Options) async throws {
    if let threads = options.threads, !(1...1024).contains(threads) {
      throw ImagineError(.invalidRequest, "\(threads) threads are not possible: choose 1 to 1024.")
    }
    try opened.requireComplete()
    try self.init(opened, options, on: OpenedDevice(options))
  }

  /// - Parameters:
  ///   - opened: a complete model.
  ///   - device: in place of the one that the options name.
  ///   - freeMemory: bytes of the processor's memory that can be had; nil where that is not known.
  ///   - residentMemory: bytes of it that the process has.
  ///   - networkBytes: what one network should not exceed with little memory.
  init(
    _ opened: OpenedModel, _ options: Options, on device: OpenedDevice,
    freeMemory: @escaping @Sendable () -> Int? = SystemMemory.free,
    residentMemory: @escaping @Sendable () -> Int? = SystemMemory.resident, networkBytes: Int = LowMemory.networkBytes
  ) throws {
    // A thread that cannot be started would be waited for, for ever.
    guard HostMemory.has(ComputeThread.stackBytes) else {
      throw ImagineError(.outOfMemory, "There is no memory for a thread: close other programs, or raise the limit.")
    }
    modelSampling = opened.sampling
    sampler = opened.sampler
    schedule = opened.schedule
    deviceName = device.name
    deviceNotice = device.notice
    let precision = options.precision ?? device.preferredPrecision
    self.precision = precision
    report = opened.report
    configuration = opened.model.configuration
    runner = ModelRunner(
      opened.model,
      RunnerSettings(
        weights: opened.weights, tiling: options.vaeTiling, lowMemory: options.lowMemory, networkBytes: networkBytes,
        ignoresMemory: options.ignoresMemory, log: options.logger, freeMemory: freeMemory,
        residentMemory: residentMemory),
      on: ComputePlaces(device, precision: precision))
    thread = ComputeThread(name: "imagine")
    hash = opened.hasFile ? ModelHash(opened.report.url) : nil
  }

  deinit {
    hash?.stop()
    thread.finish()
  }

  /// A request with the model's own defaults.
  public nonisolated func recommendedRequest(prompt: String) -> GenerationRequest {
    let defaults = configuration.defaults
    var request = GenerationRequest(
      prompt: prompt, size: Size(width: defaults.width, height: defaults.height), steps: defaults.steps,
      guidanceScale: defaults.guidanceScale, sampler: sampler)
    request.schedule = schedule
    return request
  }

  /// Checks everything about a request that can be checked before any work.
  ///
  /// - Throws: `ImagineError` with code `invalidRequest`, as drawing would.
  public nonisolated func validate(_ request: GenerationRequest) throws {
    _ = try sampling(of: request)
  }

  /// How a request is sampled, once everything about it is checked.
  private nonisolated func sampling(
    of request: GenerationRequest
  ) throws -> (method: SamplingMethod, plan: SamplingPlan) {
    try request.validate(reduction: configuration.vae.reduction)
    let method = SamplingMethod(request.sampler.kind, schedule: request.schedule?.kind)
    return (method, try ImagineError.translating { try method.plan(steps: request.steps, sampling: modelSampling) })
  }

  /// What a request will take of the processor's memory, stage by stage, and how much there is.
  ///
  /// It comes from the same plans that would draw it, and takes as long as planning: about a second. No weight is read.
  /// - Throws: `ImagineError` with code `invalidRequest`, as drawing would, and if the device has memory of its own.
  public func estimate(_ request: GenerationRequest) throws -> RequestEstimate {
    try validate(request)
    return try ImagineError.translating {
      let (forecast, free) = try runner.estimate(latents: latents(of: request), prompts: prompts(of: request))
      return RequestEstimate(
        size: request.size, device: deviceName, precision: precision.rawValue, stages: forecast.stages,
        usesLowMemory: forecast.isFrugal, usesTiles: forecast.usesTiles, peakBytes: forecast.peakBytes, freeBytes: free)
    }
  }

  /// The shape of one image's latents: [1, h, w, 4].
  private nonisolated func latents(of request: GenerationRequest) -> Shape {
    let reduction = configuration.vae.reduction
    return [1, request.size.height / reduction, request.size.width / reduction, configuration.unet.inChannels]
  }

  /// How many prompts the UNet runs for at once.
  private nonisolated func prompts(of request: GenerationRequest) -> Int {
    Guidance(scale: request.guidanceScale).needsUnconditional ? 2 : 1
  }

  /// Draws, reporting on the way. Cancelling the task that reads the events stops the work within one
  /// operation.
  public nonisolated func generate(_ request: GenerationRequest) -> GenerationEvents {
    GenerationEvents { report in try await self.run(request, report) }
  }

  /// Draws one picture; of a request for several, the first.
  ///
  /// - Throws: `ImagineError`, or `CancellationError` when the task was cancelled.
  public func image(_ request: GenerationRequest) async throws -> GeneratedImage {
    var request = request
    request.count = 1
    for try await event in generate(request) {
      if case .image(let image) = event { return image }
    }
    throw ImagineError(.internalError, "The request ended without a picture.")
  }

  private func run(
    _ request: GenerationRequest, _ report: @escaping @Sendable (GenerationEvent) -> Void
  ) async throws {
    let (method, plan) = try sampling(of: request)
    let seed = request.seed ?? UInt64(UInt32.random(in: 0...UInt32.max))
    let prompts = PromptTokens(request, tokenizer)
    for notice in notices(of: request, prompts) { report(.notice(notice)) }
    try requireMemory(for: request)
    try runner.settleMemory(latents: latents(of: request), prompts: self.prompts(of: request)) {
      report(.notice(Notice(.memory, $0)))
    }
    let guided = Guidance(scale: request.guidanceScale).needsUnconditional
    let context = try encode(prompts, guided: guided, report: report)
    for index in 0..<request.count {
      try Task.checkCancellation()
      let recorder = request.recordsTensors ? TensorRecorder() : nil
      recorder?.add(prompts: prompts, context: context)
      let job = ImageJob(
        request: request, seed: seed &+ UInt64(index), method: method, plan: plan, context: context,
        reduction: configuration.vae.reduction, recorder: recorder, report: report)
      let latents = try await denoise(job) { step in
        report(
          .step(GenerationStep(index: step.index, count: step.count, image: index, imageCount: request.count)))
      }
      try Task.checkCancellation()
      report(.image(try decode(latents, job)))
    }
  }
}

extension Pipeline {
  /// What the person should know before the work begins.
  private func notices(of request: GenerationRequest, _ prompts: PromptTokens) -> [Notice] {
    defer { deviceNotice = nil }
    let own = Size(width: configuration.defaults.width, height: configuration.defaults.height)
    return [
      deviceNotice.map { Notice(.device, $0) }, request.size.notice(for: own), Notice(languageOf: request),
    ].compactMap { $0 } + prompts.notices
  }

  /// The prompts' vectors: for guidance the negative one's first, then the positive one's.
  private func encode(
    _ prompts: PromptTokens, guided: Bool, report: @escaping (GenerationEvent) -> Void
  ) throws -> HostTensor {
    let sequences = guided ? [prompts.negative.ids, prompts.positive.ids] : [prompts.positive.ids]
    let ids = HostTensor([sequences.count, CLIPTokenizer.sequenceLength], sequences.flatMap { $0 })
    return try runner.encode(ids, report: report)
  }

  private func denoise(
    _ job: ImageJob, onStep: @escaping @Sendable (SamplingStep) -> Void
  ) async throws -> [Float] {
    var noise = BatchNoise(stream: job.request.randomSource.stream, seed: job.seed, elements: job.latentCount)
    let first = noise.draw()
    job.recorder?.add("latents.initial", job.latentShape, job.initialLatentsAsOthersHaveThem(first))

    let predictions = Counter(), steps = Counter()
    let denoiser = GuidedDenoiser(
      sampling: modelSampling, guidance: Guidance(scale: job.request.guidanceScale),
      observe: { prediction, _ in
        job.recorder?.add("noise_pred.\(predictions.next())", job.latentShape, prediction)
      },
      model: { input, timestep in
        try await self.predict(input, timestep: timestep, step: steps.value + 1, job)
      })
    let loop = SamplingLoop(job.method.sampler.makeSampler(), plan: job.plan)
    let latents = try await loop.run(
      from: job.plan.initialLatents(noise: first), noise: &noise, denoise: denoiser.callAsFunction
    ) { step in
      _ = steps.next()
      onStep(step)
    }
    job.recorder?.add("latents.final", job.latentShape, latents)
    return latents
  }

  /// One run of the UNet, on both prompts at once where guidance needs both.
  ///
  /// - Parameter step: of the picture, from 1, to say where something went wrong.
  private func predict(_ input: [Float], timestep: Float, step: Int, _ job: ImageJob) throws -> ModelOutput {
    let batch = job.context.shape[0]
    let one = ImageLayout.channelsLast(input, channels: 4)
    let latents = HostTensor([batch, job.latentHeight, job.latentWidth, 4], (0..<batch).flatMap { _ in one })
    let output: HostTensor
    do {
      output = try runner.predict(latents, timestep: timestep, prompt: job.context, report: job.report)
    } catch let failure as any BackendFailure where failure.failure == .notFinite {
      throw notFinite(step: step, of: job.plan.stepCount)
    }
    let values = ImageLayout.channelsFirst(output.floats, channels: 4, images: batch)
    let conditional = Array(values.suffix(job.latentCount))
    return ModelOutput(
      unconditional: batch == 2 ? Array(values.prefix(job.latentCount)) : nil, conditional: conditional)
  }

  /// Arrays of pixels cannot say that there is no memory for them.
  private func requireMemory(for request: GenerationRequest) throws {
    let pixels = request.size.width * request.size.height
    let recorded = request.recordsTensors ? 4 * 3 * pixels : 0
    guard HostMemory.has(pixels * ProcessMemory.bytesPerPixel + recorded) else {
      throw ImagineError(
        .outOfMemory, "There is no memory for a picture of \(request.size): choose a smaller size.")
    }
  }

  private func notFinite(step: Int, of count: Int) -> ImagineError {
    let advice =
      precision == .float32
      ? "the model's weights may be damaged" : "try --precision \(precision == .float16 ? "bf16 or f32" : "f32")"
    return ImagineError(
      .nonFiniteValues,
      "The UNet gave values that are no numbers in step \(step) of \(count), in \(precision.rawValue): \(advice).")
  }

  private func decode(_ latents: [Float], _ job: ImageJob) throws -> GeneratedImage {
    let input = HostTensor(
      [1, job.latentHeight, job.latentWidth, 4], ImageLayout.channelsLast(latents, channels: 4))
    let pixels = try runner.decode(input, report: job.report).floats
    if let recorder = job.recorder {
      let size = job.request.size, visible = pixels.map { min(max($0, -1), 1) }
      recorder.add("image", [1, 3, size.height, size.width], ImageLayout.channelsFirst(visible, channels: 3))
    }
    return try GeneratedImage(pixels: pixels, job: job, model: report.name, hash: modelHash(job))
  }

  /// The hash of the model's file.
  ///
  /// It is mostly known long before the picture is; a fast device waits for it, once for a file that was never seen.
  /// - Throws: `CancellationError`.
  private func modelHash(_ job: ImageJob) throws -> String? {
    guard let hash else { return nil }
    let known = hash.value(waiting: 0.2)
    guard hash.isComputing else { return known }
    job.report(.stage(.preparing("hash of the model")))
    defer { job.report(.stage(.decoding)) }
    while hash.isComputing {
      try Task.checkCancellation()
      _ = hash.value(waiting: 0.1)
    }
    return hash.value(waiting: 0)
  }
}
