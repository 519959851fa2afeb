internal import ImagineAdapters
internal import ImagineGraph
internal import ImagineModels
internal import ImagineSampling

/// A request from its prompts to its pictures.
extension ModelEngine {
  func drawNow(
    _ request: PictureRequest, _ model: OpenedModel, _ report: @escaping @Sendable (EngineEvent) -> Void,
    _ deliver: @Sendable (DrawnPicture) async throws -> Void
  ) async throws {
    try Task.checkCancellation()
    let passes = try request.passes(sampling: model.sampling)
    let prompts = try RequestPrompts(request)
    let plans = try prompts.plans(for: request, request.models(first: model), tokenizer)
    for notice in notices(of: request, prompts, plans, model) { report(.notice(notice)) }
    try requireMemory(for: request)
    let policy = try self.policy(request, model, plans, report: report)
    try apply(request.adapters, to: model, others: request.refiner.map { [$0.model] } ?? [], report)
    // The tensors of prompts are the same for all pictures; they are noted with each.
    let noted = request.recordsTensors ? TensorRecorder() : nil
    let phases = try passes.map { pass in
      // Edits count the calls of the pass before.
      let plans =
        pass.enlargement == nil ? plans : try prompts.plans(for: pass.request, request.models(first: model), tokenizer)
      return try self.phases(of: pass, prompts, plans, model, policy, pass.enlargement == nil ? noted : nil, report)
    }
    if policy.releasesTexts { for phase in phases.joined() { runner(of: phase.model).dropTextEncoders() } }
    let autoencoding = Autoencoding(
      model: model.model, runner: runner(of: model), policy: policy, tiling: request.tiling, report: report)
    let beginnings = try passes.map { try Beginning($0.request, autoencoding) }
    let images = try self.images(request, policy, report)
    let guides = try passes.map { try additions($0, of: request, images, model, policy, report) }
    for index in 0..<request.count {
      try Task.checkCancellation()
      let recorder = noted.map { TensorRecorder($0.contents) }
      var latents: [Float] = [], last: PictureJob?
      for (number, pass) in passes.enumerated() {
        let job = PictureJob(
          pass: pass, policy: policy, latent: model.model.latent, phases: phases[number],
          beginning: beginnings[number], additions: guides[number], recorder: recorder, index: index,
          stepsBefore: last?.pass.plan.stepCount ?? 0,
          stepCount: passes.reduce(0) { $0 + $1.plan.stepCount }, report: report)
        let smaller = try last.map { try enlarged(latents, of: $0, for: job, autoencoding) }
        latents = try await self.latents(job, from: smaller)
        try Task.checkCancellation()
        last = job
      }
      if let last { try await deliver(picture(latents, last, autoencoding)) }
    }
  }

  /// Has the model's weights changed as the request asks, and those of other models not.
  private func apply(
    _ adapters: [AdaptedWeights.Applied], to model: OpenedModel, others: [OpenedModel],
    _ report: (EngineEvent) -> Void
  ) throws {
    try withoutActuallyEscaping(report) { report in
      for other in others where other !== model {
        try runner(of: other).apply([], to: other.model.parameters, report: report)
      }
      try runner(of: model).apply(adapters, to: model.model.parameters, report: report)
    }
  }

  /// Who does the steps of a pass, each with what its denoiser is told.
  private func phases(
    of pass: PicturePass, _ prompts: RequestPrompts, _ plans: [PromptPlan], _ model: OpenedModel,
    _ policy: MemoryPolicy, _ recorder: TensorRecorder?, _ report: @escaping @Sendable (EngineEvent) -> Void
  ) throws -> [PictureJob.Phase] {
    func phase(
      _ model: OpenedModel, _ plan: PromptPlan, firstStep: Int, _ recorder: TensorRecorder?
    ) throws -> PictureJob.Phase {
      let maker = ConditionsMaker(model: model.model, runner: runner(of: model), policy: policy, report: report)
      return PictureJob.Phase(
        model: model, conditions: try maker.make(pass.request, prompts, plan, recorder), firstStep: firstStep)
    }
    var phases = [try phase(model, plans[0], firstStep: 0, recorder)]
    // A refiner belongs to the last pass.
    if let refiner = pass.request.refiner, pass.request.hires == nil || pass.enlargement != nil {
      phases.append(try phase(refiner.model, plans[1], firstStep: pass.plan.handover(at: refiner.start), nil))
    }
    return phases
  }

  /// What the person should know before the work begins.
  private func notices(
    of request: PictureRequest, _ prompts: RequestPrompts, _ plans: [PromptPlan], _ model: OpenedModel
  ) -> [EngineNotice] {
    let own = model.model.defaults, models = request.models(first: model)
    let language = prompts.notices(
      readsNegative: models.contains(where: request.isGuided), plans, request.embeddings)
    return [
      takeDeviceNotice().map { EngineNotice(.device, $0) },
      EngineNotice(width: request.width, height: request.height, ownWidth: own.width, ownHeight: own.height),
    ].compactMap { $0 } + request.unusedSettings(models) + language + model.notices
      + (request.refiner?.model.notices ?? []) + request.guideNotices(model)
  }

  /// Arrays of pixels cannot say that there is no memory for them.
  private func requireMemory(for request: PictureRequest) throws {
    let (width, height) = request.finalSize
    let recorded = request.recordsTensors ? 4 * 3 * width * height : 0
    if let initial = request.initial {
      guard HostMemory.has(initial.width * initial.height * ProcessMemory.bytesPerPixel) else {
        throw EngineError(
          .outOfMemory,
          "There is no memory for beginning with a picture of \(initial.width)x\(initial.height): choose a smaller one."
        )
      }
    }
    guard HostMemory.has(width * height * ProcessMemory.bytesPerPixel + recorded) else {
      throw EngineError(
        .outOfMemory, "There is no memory for a picture of \(width)x\(height): choose a smaller size.")
    }
  }
}
