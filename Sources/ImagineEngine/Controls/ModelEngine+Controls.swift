internal import ImagineGraph
internal import ImagineImage
internal import ImagineModels
internal import ImagineSampling

/// What goes into the denoiser beside prompts: before the first step of a request and of a pass, and at each step.
extension ModelEngine {
  /// What IP-Adapters make of a request's pictures, once for all of its passes.
  func images(
    _ request: PictureRequest, _ policy: MemoryPolicy, _ report: @escaping NetworkRunner.Report
  ) throws -> [PassAdditions.Images] {
    let images = try request.imagePrompts.map { prompt in
      let opened = prompt.opened, size = opened.encoderConfiguration.imageSize
      func encoded(_ pixels: HostTensor) throws -> HostTensor {
        let results = try run(
          opened.encoder, .imageEncoder, NetworkShape(), ["pixels": pixels], policy, report)
        let wanted = opened.configuration.takesEmbedding ? 1 : 0
        guard results.indices.contains(wanted) else { throw GraphError("the image encoder has no projection") }
        return results[wanted]
      }
      let shown = try prompt.pictures.map { try encoded(CLIPPicture($0, size: size).tensor) }
      // As diffusers and the authors: no picture is a vector of zeros, or what the encoder makes of the mean of all.
      let none = try opened.configuration.takesEmbedding ? shown[0].zeros : encoded(CLIPPicture.absent(size: size))
      func projected(_ pictures: [HostTensor]) throws -> [HostTensor] {
        let results = try run(
          opened.adapter, .imagePrompt, NetworkShape(rows: pictures.count), ["pictures": HostTensor(joining: pictures)],
          policy, report)
        return results.enumerated().map { $0 % 2 == 1 ? $1.scaled(by: prompt.weight) : $1 }
      }
      return PassAdditions.Images(
        prompt: prompt, tokens: opened.tokens * shown.count, shown: try projected(shown),
        absent: try projected([HostTensor](repeating: none, count: shown.count)))
    }
    if policy.releasesTexts {
      for prompt in request.imagePrompts {
        for part in [prompt.opened.adapter, prompt.opened.encoder] {
          for network in runner(of: part).networks { network.drop() }
        }
      }
    }
    return images
  }

  /// What guides a pass: pictures at its size, and what adapters make of them.
  ///
  /// - Parameter request: the whole request, whose mask a picture may be hidden under.
  func additions(
    _ pass: PicturePass, of request: PictureRequest, _ images: [PassAdditions.Images], _ model: OpenedModel,
    _ policy: MemoryPolicy, _ report: @escaping NetworkRunner.Report
  ) throws -> PassAdditions {
    var additions = PassAdditions(images: images)
    let width = pass.request.width, height = pass.request.height, reduction = model.model.latent.reduction
    let mask = try request.initial?.mask.map {
      try MaskImage(width: request.width, height: request.height, values: $0.values)
    }
    for control in request.controls {
      let hint = try ControlHint(control, width: width, height: height, mask: mask)
      switch control.opened.kind {
      case .controlNet(let configuration):
        additions.networks.append(
          PassAdditions.Network(
            control: control, configuration: configuration, hint: hint.tensor(isBGR: configuration.isBGR)))
      case .t2iAdapter(let configuration):
        let shape = NetworkShape(height: height / reduction, width: width / reduction, seamless: request.tiling)
        let levels = try run(
          control.opened.part, .features, shape, ["picture": hint.unshuffled(configuration)], policy, report)
        let scales = control.featureScales(levels.count)
        additions.features.append(
          PassAdditions.Features(control: control, levels: zip(levels, scales).map { $0.scaled(by: $1) }))
      }
    }
    return additions
  }

  /// What the denoiser is given beside prompts at a call.
  ///
  /// - Parameters:
  ///   - rows: that it is run for, of one length.
  ///   - latents: as the denoiser sees them, [1, h, w, C].
  ///   - step: of the pass, from 0.
  func additions(
    to rows: [DenoiserRow], _ latents: HostTensor, _ call: ModelCall, step: Int, _ job: PictureJob
  ) throws -> StepAdditions {
    var result = StepAdditions()
    let count = job.plan.stepCount
    // A refiner is another UNet.
    guard let model = job.phases.first?.model, job.phase(of: step)?.model === model else { return result }
    let networks = job.additions.networks.filter { $0.control.isActive(step: step, of: count) }
    result.add(try networks.compactMap { try residuals($0, rows, latents, call, step: step, job) })
    result.add(job.additions.features.filter { $0.control.isActive(step: step, of: count) }, for: rows)
    result.add(
      job.additions.images.filter { $0.prompt.isActive(step: step, of: count) }, for: rows,
      at: model.model.crossAttentions)
    return result
  }

  /// What a ControlNet tells the denoiser; nil if it tells none of the rows anything.
  private func residuals(
    _ network: PassAdditions.Network, _ rows: [DenoiserRow], _ latents: HostTensor, _ call: ModelCall, step: Int,
    _ job: PictureJob
  ) throws -> [HostTensor]? {
    let places = rows.indices.filter { network.control.guidesAll || rows[$0].isPrompted }
    guard !places.isEmpty else { return nil }
    let configuration = network.configuration, guided = places.map { rows[$0] }, count = guided.count
    let shape = NetworkShape(
      rows: count, height: job.latentHeight, width: job.latentWidth, tokens: guided[0].condition.tokens,
      seamless: job.request.tiling)
    let told =
      (configuration.readsPrompt ? ["context"] : [])
      + (configuration.unet.additionEmbedding == nil ? [] : ["text_embeds", "time_ids"])
    var inputs = DenoiserRow.inputs(guided).filter { told.contains($0.key) }
    inputs["latents"] = HostTensor(joining: [HostTensor](repeating: latents, count: count))
    inputs["timestep"] = HostTensor([count], [Float](repeating: call.timestep, count: count))
    inputs["hint"] = network.hint
    for (index, scale) in network.control.scales(configuration.skipCount + 1).enumerated() {
      inputs["scale.\(index)"] = HostTensor([count, 1, 1, 1], [Float](repeating: scale, count: count))
    }
    let results = try run(network.control.opened.part, .control, shape, inputs, job.policy, job.report)
    return results.map { result in
      (configuration.poolsResiduals ? result.pooled : result).placed(at: places, of: rows.count)
    }
  }

  /// Runs a network beside the model. What it says of values that are no numbers names its file.
  private func run(
    _ part: OpenedPart, _ role: Network.Role, _ shape: NetworkShape, _ inputs: [String: HostTensor],
    _ policy: MemoryPolicy, _ report: @escaping NetworkRunner.Report
  ) throws -> [HostTensor] {
    do {
      return try runner(of: part).run(role, shape, inputs, policy, report: report)
    } catch let failure as any BackendFailure where failure.failure == .notFinite {
      let name = part.networks.first?.name ?? "network"
      throw EngineError(
        .nonFiniteValues,
        "The \(name) '\(part.name)' gave values that are no numbers: its file may be damaged, download it again.",
        device: deviceName, cause: failure)
    }
  }
}
