internal import Foundation
internal import ImagineCheckpoint
internal import ImagineGraph
internal import ImagineImage
internal import ImagineModels
internal import ImagineSampling

/// The steps of a pass, and what lies between passes and after the last one.
extension ModelEngine {
  /// - Parameter smaller: latents of the pass before, brought to this one's size; nil for the first pass.
  /// - Returns: the latents of the finished pass in the denoiser's scale, [C, h, w].
  func latents(_ job: PictureJob, from smaller: [Float]?) async throws -> [Float] {
    var noise = job.noise()
    let given = try job.givenLatents(smaller, &noise)
    let first = noise.initial()
    let planes = job.planes(&noise)
    let masked = try job.masked(given, noise: first, plain: noise.plain())
    let start = job.plan.initialLatents(
      image: job.beginsWithNoiseAlone ? nil : masked?.latents ?? given, noise: first)
    job.record("latents.initial", job.asOthersHaveThem(start))

    let predictions = Counter(), steps = Counter()
    let denoiser = GuidedDenoiser(
      sampling: job.plan.sampling, guidance: job.request.method.adapted(job.request.guidance),
      observe: { prediction, _ in job.record("noise_pred.\(predictions.next())", prediction) },
      model: { call in try await self.predict(call, step: steps.value, planes, job) })
    let loop = SamplingLoop(job.request.method, plan: job.plan, mask: masked?.mask)
    let latents = try await loop.run(from: start, noise: &noise, denoise: Denoiser(denoiser)) { step in
      _ = steps.next()
      job.reportStep(step)
      try await self.preview(job, step)
    }
    job.record("latents.final", latents)
    return latents
  }

  /// Reports what the picture is about to become, if that is wanted after this step.
  private func preview(_ job: PictureJob, _ step: SamplingStep) throws {
    guard let interval = job.request.previewInterval, step.index < step.count, step.index.isMultiple(of: interval)
    else { return }
    let maker = PreviewMaker(
      model: job.phases[0].model.model, runner: runner(of: job.phases[0].model), policy: job.policy,
      seamless: job.request.tiling, report: job.report)
    let image = try maker.picture(step.denoised, width: job.latentWidth, height: job.latentHeight)
    if let image { job.report(.preview(picture: job.index, step: job.stepsBefore + step.index, image: image)) }
  }

  /// One run of the denoiser, for all prompts at once that are of one length.
  ///
  /// - Parameter step: of the pass, from 0.
  private func predict(
    _ call: ModelCall, step: Int, _ planes: Planes?, _ job: PictureJob
  ) throws -> ModelOutput {
    guard let phase = job.phase(of: step) else { throw GraphError("step \(step) belongs to no model") }
    let conditions = phase.conditions.rows(at: call.index)
    let wanted = DenoiserRow.rows(conditions, isGuided: call.isGuided, planes)
    let latents = HostTensor(
      [1, job.latentHeight, job.latentWidth, job.latent.channels],
      ImageLayout.channelsLast(call.input, channels: job.latent.channels))
    var output = ModelOutput(conditional: [])
    for rows in DenoiserRow.batches(wanted) {
      var shape = NetworkShape(
        rows: rows.count, height: job.latentHeight, width: job.latentWidth, tokens: rows[0].condition.tokens)
      shape.seamless = job.request.tiling
      var inputs = DenoiserRow.inputs(rows)
      inputs["latents"] = HostTensor(joining: rows.map { row in row.planes.map(latents.joinedChannels) ?? latents })
      inputs["timestep"] = HostTensor([rows.count], [Float](repeating: call.timestep, count: rows.count))
      let values: HostTensor
      do {
        values = try runner(of: phase.model).run(.denoiser, shape, inputs, job.policy, report: job.report)[0]
      } catch let failure as any BackendFailure where failure.failure == .notFinite {
        throw notFinite(phase.model, step: step + 1, of: job.plan.stepCount, cause: failure)
      }
      let planar = ImageLayout.channelsFirst(values.floats, channels: job.latent.channels, images: rows.count)
      for (index, row) in rows.enumerated() {
        row.put(Array(planar[index * job.latentCount..<(index + 1) * job.latentCount]), into: &output)
      }
    }
    return output
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

  // MARK: After the steps

  /// A pass's latents at the size of the next one.
  func enlarged(
    _ latents: [Float], of small: PictureJob, for large: PictureJob, _ encoding: Autoencoding
  ) throws -> [Float] {
    guard let enlargement = large.pass.enlargement else { return latents }
    if let resampling = enlargement.latentResampling {
      let enlarged = try resampling.resampled(
        latents, channels: small.latent.channels, from: (small.latentWidth, small.latentHeight),
        to: (large.latentWidth, large.latentHeight))
      large.record("latents.enlarged", enlarged)
      return enlarged
    }
    // As A1111: by way of a picture of 8 bits, as it would be written.
    let pixels = try encoding.decode(latents, width: small.request.width, height: small.request.height)
    let picture = try RGBImage(
      width: small.request.width, height: small.request.height, interleaved: pixels,
      truncating: small.request.habits.truncatesPixels)
    let larger: RGBImage
    if let upscaler = large.request.hires?.upscaler {
      larger = try upscaling(upscaler, of: (picture.width, picture.height), large.policy, large.report)
        .enlarged(picture, toWidth: large.request.width, height: large.request.height)
    } else {
      larger = try picture.resized(
        width: large.request.width, height: large.request.height, enlargement.filter)
    }
    return try encoding.encode(larger.unitPixels, width: larger.width, height: larger.height).latents()
  }

  func picture(_ latents: [Float], _ job: PictureJob, _ encoding: Autoencoding) throws -> DrawnPicture {
    let width = job.request.width, height = job.request.height
    let pixels = try encoding.decode(latents, width: width, height: height)
    if let recorder = job.recorder {
      let visible = pixels.map { min(max($0, -1), 1) }
      recorder.add("image", [1, 3, height, width], ImageLayout.channelsFirst(visible, channels: 3))
    }
    return DrawnPicture(
      pixels: pixels, width: width, height: height, seed: job.seed, variationSeed: job.variationSeed,
      record: job.recorder)
  }
}
