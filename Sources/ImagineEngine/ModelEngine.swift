internal import Foundation
internal import ImagineCheckpoint
package import ImagineGraph
internal import ImagineModels
internal import ImagineSampling
internal import ImagineText

/// A device with the models that are drawn with on it.
///
/// An engine computes on a thread of its own and does one request after another, in the order they come; all that a
/// request changes is its own. Between two steps of one, others may ask for an estimate, which changes nothing. Models are
/// shared between those who ask for the same one, and their networks stay in memory until something else needs the room:
/// the least recently used go first.
package actor ModelEngine {
  /// What computes, for people.
  package nonisolated let deviceName: String
  /// What the models compute in.
  package nonisolated let precision: Precision

  private nonisolated let thread: ComputeThread
  nonisolated let turns = Turns()
  private nonisolated let sharedModels = SharedModels()
  private let settings: EngineSettings
  private let places: ComputePlaces
  private let residents = ResidentNetworks()
  /// The models at hand with what runs them, the one used last at the end.
  private var models: [(model: OpenedModel, runner: NetworkRunner)] = []
  /// What to say of the device, until it has been said.
  private var deviceNotice: String?
  private let tokenizer = CLIPTokenizer()

  /// The most models kept at hand. Their networks leave earlier, where memory is needed.
  package static let mostModels = 8

  package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// - Throws: `EngineError` if there is no such device, or it cannot be used as the settings say.
  package init(_ settings: EngineSettings) throws {
    if let threads = settings.threads, !(1...1024).contains(threads) {
      throw EngineError(.invalidRequest, "\(threads) threads are not possible: choose 1 to 1024.")
    }
    try self.init(settings, on: OpenedDevice(settings))
  }

  /// - Parameter device: in place of the one that the settings name.
  package init(_ settings: EngineSettings, on device: OpenedDevice) throws {
    // A thread that cannot be started would be waited for, for ever.
    guard HostMemory.has(ComputeThread.stackBytes) else {
      throw EngineError(.outOfMemory, "There is no memory for a thread: close other programs, or raise the limit.")
    }
    self.settings = settings
    deviceName = device.name
    deviceNotice = device.notice
    precision = settings.precision ?? device.preferredPrecision
    places = ComputePlaces(device, precision: precision)
    thread = ComputeThread(name: "imagine")
  }

  deinit { thread.finish() }

  // MARK: Models

  /// The model in use that was opened from the same files; the given one if there is none.
  package nonisolated func shared(_ opened: OpenedModel) -> OpenedModel { sharedModels.model(for: opened) }

  /// Lets go of all memory that a model holds. It is loaded again when it is next drawn with.
  package func unload(_ model: OpenedModel) async throws {
    try await turns.inTurn(ticket()) { await self.forget(model) }
  }

  private func forget(_ model: OpenedModel) {
    guard let index = models.firstIndex(where: { $0.model === model }) else { return }
    for network in models.remove(at: index).runner.networks { network.drop() }
  }

  /// What runs a model, which may take the place of the model used least recently: only for the request whose turn it is.
  private func runner(of model: OpenedModel) -> NetworkRunner {
    if let index = models.firstIndex(where: { $0.model === model }) {
      let found = models.remove(at: index)
      models.append(found)
      return found.runner
    }
    if models.count == Self.mostModels { forget(models[0].model) }
    let runner = NetworkRunner(model.model, model.weights, settings, on: places, among: residents)
    models.append((model, runner))
    return runner
  }

  // MARK: Memory

  /// What a request will take of the processor's memory, network by network, and how much there is.
  ///
  /// It comes from the same plans that would draw it, and takes as long as planning. No weight is read.
  /// - Throws: `EngineError` with code `invalidRequest` if the device has memory of its own.
  package func estimate(
    _ request: PictureRequest, with model: OpenedModel
  ) throws -> (forecast: MemoryForecast, freeBytes: Int?) {
    try memoryChoice(request, model).estimate()
  }

  private func memoryChoice(_ request: PictureRequest, _ model: OpenedModel) throws -> MemoryChoice {
    let (backend, precision) = try places.opened(for: RunMode())
    let inMemory = backend as? any MemoryAwareBackend, working = inMemory?.heldWorkingBytes ?? 0
    let drawing = request.models(first: model)
    let own = models.filter { known in drawing.contains { $0 === known.model } }.flatMap(\.runner.networks)
    return MemoryChoice(
      workload: try Workload(request, model, tokenizer), settings: settings.memory, backend: inMemory,
      precision: precision, heldBytes: residents.heldBytes + working,
      ownBytes: own.reduce(working) { $0 + $1.heldBytes })
  }

  /// How a request uses memory. What it does not need, or not yet, makes room where it has to.
  private func policy(
    _ request: PictureRequest, _ model: OpenedModel, report: (EngineEvent) -> Void
  ) throws -> MemoryPolicy {
    let (policy, room) = try memoryChoice(request, model).settled { report(.notice($0)) }
    guard let room else { return policy }
    let working = (try places.opened(for: RunMode()).backend as? any MemoryAwareBackend)?.heldWorkingBytes ?? 0
    let runners = request.models(first: model).map(runner)
    makeRoom(room.forecast.peakBytes, of: room, keeping: runners.flatMap(\.networks))
    // The first time a model's prompts are read before the rest of it is there; later the rest may have to go for them.
    if policy.releasesTexts {
      makeRoom(room.forecast.textPeakBytes + working, of: room, keeping: runners.flatMap(\.textEncoders))
    }
    return policy
  }

  /// Lets go of networks until those kept can have what they take.
  private func makeRoom(_ peakBytes: Int, of room: MemoryRoom, keeping kept: [PlannedNetwork]) {
    residents.makeRoom(peakBytes + residents.heldBytes(otherThan: kept) - room.availableBytes, keeping: kept)
  }

  // MARK: Drawing

  /// A place in the line, for a request that is made now and drawn by a task that begins later.
  package nonisolated func ticket() -> Turns.Ticket { turns.ticket() }

  /// Draws, when all requests that came before are done.
  ///
  /// - Parameters:
  ///   - ticket: the request's place among the others; nil takes the last one now.
  ///   - report: hears of everything on the way.
  ///   - deliver: takes each picture; the next one begins when it returns.
  /// - Throws: `EngineError`, or `CancellationError` once the task is cancelled: while it waits, or within one operation;
  ///   and what `deliver` throws.
  package nonisolated func draw(
    _ request: PictureRequest, with model: OpenedModel, ticket: Turns.Ticket? = nil,
    report: @escaping @Sendable (EngineEvent) -> Void,
    deliver: @escaping @Sendable (DrawnPicture) async throws -> Void
  ) async throws {
    do {
      try await turns.inTurn(ticket ?? self.ticket()) { try await self.drawNow(request, model, report, deliver) }
    } catch let failure as any BackendFailure {
      throw EngineError.translated(failure, device: deviceName)
    }
  }

  private func drawNow(
    _ request: PictureRequest, _ model: OpenedModel, _ report: @escaping @Sendable (EngineEvent) -> Void,
    _ deliver: @Sendable (DrawnPicture) async throws -> Void
  ) async throws {
    try Task.checkCancellation()
    let plan = try request.method.plan(steps: request.steps, sampling: model.sampling)
    let prompts = try RequestPrompts(request)
    for notice in notices(of: request, prompts, model) { report(.notice(notice)) }
    try requireMemory(for: request)
    let policy = try policy(request, model, report: report)
    // The tensors of prompts are the same for all pictures; they are noted with each.
    let noted = request.recordsTensors ? TensorRecorder() : nil
    var phases = [try phase(request, prompts, model, policy, firstStep: 0, noted, report)]
    if let refiner = request.refiner {
      let first = plan.handover(at: refiner.start)
      phases.append(try phase(request, prompts, refiner.model, policy, firstStep: first, nil, report))
    }
    if policy.releasesTexts { for phase in phases { runner(of: phase.model).dropTextEncoders() } }
    for index in 0..<request.count {
      try Task.checkCancellation()
      let job = PictureJob(
        request: request, policy: policy, plan: plan, latent: model.model.latent, phases: phases,
        recorder: noted.map { TensorRecorder($0.contents) }, report: report)
      let seed = request.seed &+ UInt64(index)
      let latents = try await denoise(job, seed: seed, picture: index)
      try Task.checkCancellation()
      try await deliver(decode(latents, job, seed: seed))
    }
  }

  private func phase(
    _ request: PictureRequest, _ prompts: RequestPrompts, _ model: OpenedModel, _ policy: MemoryPolicy, firstStep: Int,
    _ recorder: TensorRecorder?, _ report: @escaping @Sendable (EngineEvent) -> Void
  ) throws -> PictureJob.Phase {
    let maker = ConditionsMaker(runner: runner(of: model), policy: policy, report: report)
    let plan = try PromptPlan(request, prompts, for: model, tokenizer, request.editTiming)
    return PictureJob.Phase(
      model: model, conditions: try maker.make(request, prompts, plan, recorder), extra: try maker.extra(request),
      firstStep: firstStep)
  }

  /// What the person should know before the work begins.
  private func notices(
    of request: PictureRequest, _ prompts: RequestPrompts, _ model: OpenedModel
  ) -> [EngineNotice] {
    defer { deviceNotice = nil }
    let own = model.model.defaults, models = request.models(first: model)
    let language = prompts.notices(readsNegative: models.contains(where: request.isGuided))
    return [
      deviceNotice.map { EngineNotice(.device, $0) },
      EngineNotice(width: request.width, height: request.height, ownWidth: own.width, ownHeight: own.height),
    ].compactMap { $0 } + language + model.notices + (request.refiner?.model.notices ?? [])
  }

  /// Arrays of pixels cannot say that there is no memory for them.
  private func requireMemory(for request: PictureRequest) throws {
    let pixels = request.width * request.height
    let recorded = request.recordsTensors ? 4 * 3 * pixels : 0
    guard HostMemory.has(pixels * ProcessMemory.bytesPerPixel + recorded) else {
      throw EngineError(
        .outOfMemory,
        "There is no memory for a picture of \(request.width)x\(request.height): choose a smaller size.")
    }
  }

  // MARK: Steps

  private func denoise(_ job: PictureJob, seed: UInt64, picture: Int) async throws -> [Float] {
    var noise = BatchNoise(stream: job.request.stream, seed: seed, elements: job.latentCount)
    let first = noise.draw()
    job.recorder?.add("latents.initial", job.latentShape, job.initialLatentsAsOthersHaveThem(first))

    let predictions = Counter(), steps = Counter()
    let model = job.phases[0].model
    let denoiser = GuidedDenoiser(
      sampling: model.sampling, guidance: job.request.guidance,
      observe: { prediction, _ in
        job.recorder?.add("noise_pred.\(predictions.next())", job.latentShape, prediction)
      },
      model: { call in try await self.predict(call, step: steps.value, job) })
    let loop = SamplingLoop(job.request.method.sampler.makeSampler(), plan: job.plan)
    let latents = try await loop.run(
      from: job.plan.initialLatents(noise: first), noise: &noise, denoise: denoiser.callAsFunction
    ) { step in
      _ = steps.next()
      job.report(.step(picture: picture, step: step.index, count: step.count))
    }
    job.recorder?.add("latents.final", job.latentShape, latents)
    return latents
  }

  /// Runs the denoiser for the prompts of one call, at once for those of equal length.
  ///
  /// - Parameter step: of the picture, from 0.
  private func predict(_ call: ModelCall, step: Int, _ job: PictureJob) throws -> ModelOutput {
    guard let phase = job.phase(of: step) else { throw GraphError("step \(step) belongs to no model") }
    let conditions = phase.conditions.rows(at: call.index)
    let rows = [conditions.negative].compactMap { $0 } + conditions.positive
    let one = ImageLayout.channelsLast(call.input, channels: job.latent.channels)
    let latents = HostTensor([1, job.latentHeight, job.latentWidth, job.latent.channels], one)
    let input = phase.extra.map { latents.joinedChannels(with: $0) } ?? latents
    var outputs = [[Float]](repeating: [], count: rows.count)
    for tokens in Set(rows.map(\.tokens)).sorted() {
      let places = rows.indices.filter { rows[$0].tokens == tokens }, count = places.count
      let shape = NetworkShape(rows: count, height: job.latentHeight, width: job.latentWidth, tokens: tokens)
      var inputs: [String: HostTensor] = [:]
      for name in rows[places[0]].inputs.keys {
        inputs[name] = HostTensor(joining: places.compactMap { rows[$0].inputs[name] })
      }
      inputs["latents"] = input.repeated(count)
      inputs["timestep"] = HostTensor([count], [Float](repeating: call.timestep, count: count))
      let output: HostTensor
      do {
        let runner = runner(of: phase.model)
        output = try runner.run(.denoiser, shape, inputs, job.policy, report: job.report)[0]
      } catch let failure as any BackendFailure where failure.failure == .notFinite {
        throw notFinite(phase.model, step: step + 1, of: job.plan.stepCount, cause: failure)
      }
      let values = ImageLayout.channelsFirst(output.floats, channels: job.latent.channels, images: count)
      for (place, row) in places.enumerated() {
        outputs[row] = Array(values[place * job.latentCount..<(place + 1) * job.latentCount])
      }
    }
    let parts = zip(outputs.suffix(conditions.positive.count), conditions.positive)
    return ModelOutput(
      unconditional: conditions.negative == nil ? nil : outputs[0],
      conditional: parts.map { ModelOutput.Part($0, weight: $1.weight) })
  }

  private func notFinite(_ model: OpenedModel, step: Int, of count: Int, cause: any Error) -> EngineError {
    let remedies: [Remedy] =
      switch precision {
      case .float32: []
      case .float16: [.bfloat16, .float32]
      default: [.float32]
      }
    let advice =
      remedies.isEmpty
      ? "the model's weights may be damaged" : "try \(remedies.map(\.rawValue).joined(separator: " or "))"
    return EngineError(
      .nonFiniteValues,
      "The \(model.model[.denoiser]?.name ?? "denoiser") gave values that are no numbers in step \(step) of \(count), in "
        + "\(precision.name): \(advice).", remedies: remedies, path: model.checkpoint?.url.path, device: deviceName,
      cause: cause)
  }

  private func decode(_ latents: [Float], _ job: PictureJob, seed: UInt64) throws -> DrawnPicture {
    let channels = job.latent.channels
    let input = HostTensor(
      [1, job.latentHeight, job.latentWidth, channels], ImageLayout.channelsLast(latents, channels: channels))
    let shape = NetworkShape(height: job.latentHeight, width: job.latentWidth)
    let runner = runner(of: job.phases[0].model)
    let pixels = try runner.run(.decoder, shape, ["latents": input], job.policy, report: job.report)[0].floats
    if let recorder = job.recorder {
      let visible = pixels.map { min(max($0, -1), 1) }
      recorder.add(
        "image", [1, 3, job.request.height, job.request.width], ImageLayout.channelsFirst(visible, channels: 3))
    }
    return DrawnPicture(pixels: pixels, seed: seed, record: job.recorder)
  }
}

extension PictureRequest {
  /// The models that draw it.
  func models(first: OpenedModel) -> [OpenedModel] { [first, refiner?.model].compactMap { $0 } }

  /// Whether a model has to be run for the negative prompt, too; not where it has guidance inside.
  func isGuided(by model: OpenedModel) -> Bool {
    model.model.conditioning.guidanceWidth == nil && guidance.needsUnconditional
  }
}

extension Workload {
  /// The networks that drawing runs.
  ///
  /// - Throws: `EngineError` if a text encoder has not the layer that is asked for.
  init(_ request: PictureRequest, _ model: OpenedModel, _ tokenizer: CLIPTokenizer) throws {
    self.init()
    let models = request.models(first: model)
    let latent = model.model.latent
    var shape = NetworkShape(height: request.height / latent.reduction, width: request.width / latent.reduction)
    let prompts = try RequestPrompts(request)
    let all = try models.map { ($0, try PromptPlan(request, prompts, for: $0, tokenizer, request.editTiming)) }
    for (model, plan) in all {
      for (text, sequences) in zip(model.model.conditioning.texts, plan.sequences) {
        let skipped = try request.skippedLayers(of: text)
        add(text.role, of: model, NetworkShape(rows: sequences.count, skippedLayers: skipped))
      }
      if model.model.conditioning.planes.contains(.maskedPicture) {
        add(.encoder, of: model, NetworkShape(height: shape.height, width: shape.width))
      }
    }
    for (model, plan) in all {
      (shape.rows, shape.tokens) = plan.largestRun
      add(.denoiser, of: model, shape)
    }
    add(.decoder, of: model, NetworkShape(height: shape.height, width: shape.width))
  }
}

extension HostTensor {
  /// The same values for several rows: [1, ...] -> [count, ...]
  fileprivate func repeated(_ count: Int) -> HostTensor {
    let values = floats
    return HostTensor(shape.replacing(axis: 0, with: count), (0..<count).flatMap { _ in values })
  }
}
