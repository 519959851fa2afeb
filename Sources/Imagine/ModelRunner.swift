internal import ImagineGraph
internal import ImagineModels

/// The three networks of a model, run on a device with values from the host.
///
/// Weights are read and plans made when a network is first needed.
struct ModelRunner {
  let model: StableDiffusionModel
  private let context: PlanningContext
  private var textEncoder = PlannedComponent("text encoder")
  private var unet = PlannedComponent("UNet")
  private var decoder = PlannedComponent("decoder")

  init(_ model: StableDiffusionModel, _ context: PlanningContext) {
    self.model = model
    self.context = context
  }

  /// Token ids [N, 77] -> context [N, 77, D].
  mutating func encode(_ ids: HostTensor) throws -> HostTensor {
    let network = model.textEncoder
    let plan = try textEncoder.plan(for: ids.shape, context) { builder in
      network(builder.input("ids", ids.shape, .int32))
    }
    return try run(plan, ["ids": ids])
  }

  /// latents [N, h, w, 4] of unit variance at one timestep, the prompt's vectors [N, 77, D] -> the model's output
  /// [N, h, w, 4].
  mutating func predict(_ latents: HostTensor, timestep: Float, prompt: HostTensor) throws -> HostTensor {
    let network = model.unet
    let batch = latents.shape[0]
    let plan = try unet.plan(for: latents.shape, context) { builder in
      network(
        builder.input("latents", latents.shape), timestep: builder.input("timestep", [batch]),
        context: builder.input("context", prompt.shape))
    }
    let timesteps = HostTensor([batch], [Float](repeating: timestep, count: batch))
    return try run(plan, ["latents": latents, "timestep": timesteps, "context": prompt])
  }

  /// latents [N, h, w, 4] as the denoiser leaves them -> pixels [N, H, W, 3] around -1...1.
  mutating func decode(_ latents: HostTensor) throws -> HostTensor {
    let network = model.vae
    let plan = try decoder.plan(for: latents.shape, context) { builder in
      network.decode(builder.input("latents", latents.shape))
    }
    return try run(plan, ["latents": latents])
  }

  private func run(_ plan: any Plan, _ inputs: [String: HostTensor]) throws -> HostTensor {
    guard let output = try plan.run(inputs).first else {
      throw GraphError("a network gave no result")
    }
    return output
  }
}
