internal import ImagineGraph
internal import ImagineModels
internal import Logging

/// The three networks of a model, run with values from the host on whatever can run them.
///
/// Weights are read and plans made when a network is first needed. What a device cannot do goes down the `Ladder`, stage
/// by stage; a stage stays on the footing it found for as long as it is asked for the same shape, and tries anew with
/// another.
struct ModelRunner {
  let model: StableDiffusionModel
  let settings: RunnerSettings
  var places: ComputePlaces
  /// Whether networks keep to a budget and make room for each other; see `LowMemory`.
  private var isFrugal = false
  private var footings: [Stage: (shape: Shape, footing: Footing)] = [:]
  private var textEncoder = PlannedComponent("text encoder", for: .encoding)
  private var unet = PlannedComponent("UNet", for: .denoising)
  private var decoder = PlannedComponent("decoder", for: .decoding)
  private var tiledDecoder: TiledDecoder

  init(_ model: StableDiffusionModel, _ settings: RunnerSettings, on places: ComputePlaces) {
    self.model = model
    self.settings = settings
    self.places = places
    tiledDecoder = TiledDecoder(model.vae)
  }

  /// Token ids [N, 77] -> context [N, 77, D].
  ///
  /// - Parameter report: hears of every step down the ladder and of what is being prepared, here and below.
  mutating func encode(_ ids: HostTensor, report: @escaping (GenerationEvent) -> Void) throws -> HostTensor {
    let model = model
    return try perform(Ladder(stage: .text), for: ids.shape, report) { runner, _, context in
      let plan = try runner.textEncoder.plan(for: ids.shape, context) { builder in
        model.tracedTextEncoder(prompts: ids.shape[0], builder)
      }
      return try plan.onlyResult(["ids": ids])
    }
  }

  /// latents [N, h, w, 4] of unit variance at one timestep, the prompt's vectors [N, 77, D] -> the model's output
  /// [N, h, w, 4].
  mutating func predict(
    _ latents: HostTensor, timestep: Float, prompt: HostTensor, report: @escaping (GenerationEvent) -> Void
  ) throws -> HostTensor {
    let ladder = Ladder(stage: .denoising, isGuided: latents.shape[0] > 1)
    return try perform(ladder, for: latents.shape, report) { runner, footing, context in
      guard footing.splitsGuidance else {
        return try runner.predictAtOnce(latents, timestep: timestep, prompt: prompt, context)
      }
      let outputs = try (0..<latents.shape[0]).map { index in
        try runner.predictAtOnce(
          latents.image(index), timestep: timestep, prompt: prompt.image(index), context
        ).floats
      }
      return HostTensor(latents.shape, outputs.flatMap { $0 })
    }
  }

  private mutating func predictAtOnce(
    _ latents: HostTensor, timestep: Float, prompt: HostTensor, _ context: PlanningContext
  ) throws -> HostTensor {
    let model = model, batch = latents.shape[0]
    let plan = try unet.plan(for: latents.shape, context) { builder in
      model.tracedDenoiser(latents: latents.shape, builder)
    }
    let timesteps = HostTensor([batch], [Float](repeating: timestep, count: batch))
    return try plan.onlyResult(["latents": latents, "timestep": timesteps, "context": prompt])
  }

  /// latents [1, h, w, 4] as the denoiser leaves them -> pixels [1, H, W, 3] around -1...1.
  ///
  /// - Throws: `CancellationError` between two tiles, and what cannot be mended.
  mutating func decode(_ latents: HostTensor, report: @escaping (GenerationEvent) -> Void) throws -> HostTensor {
    let model = model
    let side = settings.tiling == .never ? nil : max(latents.shape[1], latents.shape[2])
    return try perform(Ladder(stage: .decoding, tileableSide: side), for: latents.shape, report) {
      runner, footing, context in
      if let tile = footing.tile {
        runner.decoder.drop()
        return try runner.tiledDecoder.decode(latents, tile: tile, context)
      }
      runner.tiledDecoder.drop()
      let plan = try runner.decoder.plan(for: latents.shape, context) { builder in
        model.tracedDecoder(latents: latents.shape, builder)
      }
      if side != nil { try runner.requireMemory(for: plan, at: footing) }
      return try plan.onlyResult(["latents": latents])
    }
  }

  /// The processor's memory is promised before it is there: a plan that needs more than there is would end the process,
  /// not throw.
  private func requireMemory(for plan: any Plan, at footing: Footing) throws {
    guard places.isProcessor(footing.place), let free = settings.freeMemory(), plan.peakBytes > free else { return }
    throw StageFailure(.outOfMemory, "The decoder needs \(plan.peakBytes >> 20) MiB of memory; \(free >> 20) are free.")
  }

  // MARK: The ladder

  /// Runs a stage, going down the ladder for as long as it fails in a way that something can be done about.
  private mutating func perform(
    _ ladder: Ladder, for shape: Shape, _ report: @escaping (GenerationEvent) -> Void,
    _ run: (inout ModelRunner, Footing, PlanningContext) throws -> HostTensor
  ) throws -> HostTensor {
    let stage = ladder.stage
    var footing = try footing(of: stage, for: shape)
    while true {
      do {
        if places.isDeviceLost, footing.place == .device { footing = footing.stepping(.processor) }
        if footing.isAlone || isFrugal { dropOthers(than: stage) }
        let context = try context(for: footing, report)
        let result = try run(&self, footing, context)
        try requireFinite(result, stage)
        footings[stage] = (shape, footing)
        return result
      } catch let failure as any BackendFailure {
        var ladder = ladder
        ladder.othersHoldMemory = Stage.allCases.contains { $0 != stage && isLoaded($0) }
        ladder.isWide = try places.opened(for: footing).precision == .float32
        ladder.canReopen = places.canReopen
        ladder.hasProcessor = places.hasProcessor
        guard var rung = ladder.rung(after: failure.failure, at: footing) else { throw failure }
        drop(stage)
        if failure.failure == .deviceLost { rung = recover(by: rung) }
        settings.log.debug(
          "going on otherwise",
          metadata: ["network": "\(stage.network)", "reason": "\(failure)", "now": "\(rung)"])
        if let notice = rung.notice(stage, after: failure.failure, at: footing) {
          report(.notice(Notice(.fallback, notice)))
        }
        footing = footing.stepping(rung)
      }
    }
  }

  /// Lets go of all that was on the lost device, and opens it again if that is the way on.
  ///
  /// - Returns: the way on; the processor if the device does not come back.
  private mutating func recover(by rung: Rung) -> Rung {
    for stage in Stage.allCases { drop(stage) }
    if rung == .reopening, places.reopenDevice() { return rung }
    places.loseDevice()
    return .processor
  }

  /// Where a stage begins: as it ended, if the shape is the same; of another shape only what does not hang on size is
  /// kept.
  private mutating func footing(of stage: Stage, for shape: Shape) throws -> Footing {
    var fresh = Footing()
    let known = footings[stage]
    if let known, known.shape == shape { return known.footing }
    if stage == .decoding, settings.tiling == .always { fresh.tile = Ladder.modestTile }
    if stage == .decoding, isFrugal, settings.tiling == .automatic { fresh.tile = try frugalTile(shape) }
    fresh.isWide = known?.footing.isWide ?? false
    return fresh
  }

  private mutating func context(
    for footing: Footing, _ report: @escaping (GenerationEvent) -> Void
  ) throws -> PlanningContext {
    let (backend, precision) = try places.opened(for: footing)
    let limited = isFrugal ? (backend as? any MemoryAwareBackend)?.limited(to: settings.networkBytes) : nil
    return PlanningContext(
      backend: limited ?? backend,
      home: PlanningContext.Home(
        place: footing.place, reopenings: places.reopenings, precision: precision.graph, isFrugal: isFrugal),
      weights: settings.weights, log: settings.log, report: { report(.stage($0)) })
  }

  private func requireFinite(_ result: HostTensor, _ stage: Stage) throws {
    guard !result.floats.allSatisfy(\.isFinite) else { return }
    throw StageFailure(.notFinite, "The \(stage.network) gave values that are no numbers.")
  }

  // MARK: Memory

  /// Draws with little memory from now on, or as usual. Footings found the other way say nothing then.
  mutating func setFrugal(_ isFrugal: Bool) {
    guard self.isFrugal != isFrugal else { return }
    self.isFrugal = isFrugal
    footings = [:]
  }

  /// Bytes of weights in memory.
  var weightBytes: Int {
    textEncoder.weightBytes + unet.weightBytes + decoder.weightBytes + tiledDecoder.weightBytes
  }

  private func isLoaded(_ stage: Stage) -> Bool {
    switch stage {
    case .text: textEncoder.isLoaded
    case .denoising: unet.isLoaded
    case .decoding: decoder.isLoaded || tiledDecoder.isLoaded
    }
  }

  private mutating func dropOthers(than stage: Stage) {
    for other in Stage.allCases where other != stage { drop(other) }
  }

  private mutating func drop(_ stage: Stage) {
    switch stage {
    case .text: textEncoder.drop()
    case .denoising: unet.drop()
    case .decoding:
      decoder.drop()
      tiledDecoder.drop()
    }
  }
}

extension HostTensor {
  /// One image, or one prompt, of a batch of floats.
  fileprivate func image(_ index: Int) -> HostTensor {
    let count = shape.count / shape[0], floats = floats
    return HostTensor(shape.replacing(axis: 0, with: 1), Array(floats[index * count..<(index + 1) * count]))
  }
}
