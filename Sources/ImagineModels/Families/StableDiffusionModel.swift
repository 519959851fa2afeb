package import ImagineGraph

/// The three networks of a latent diffusion model, built and checked against a checkpoint.
package struct StableDiffusionModel {
  package let configuration: ModelConfiguration
  package let textEncoder: CLIPTextModel
  package let unet: UNet2DConditionModel
  package let vae: AutoencoderKL
  /// What of the checkpoint fits, by name.
  package let report: WeightReport
  /// The shapes of all weights the networks read, by path.
  package let parameters: [String: Shape]

  /// Builds the networks. The report says what is missing; running an incomplete model fails when a weight is read.
  package init(_ configuration: ModelConfiguration, _ layout: CheckpointLayout) {
    let inventory = WeightInventory(layout.shapes)
    self.configuration = configuration
    textEncoder = CLIPTextModel(Weights(inventory, path: "text_encoder.text_model"), configuration.textEncoder)
    unet = UNet2DConditionModel(Weights(inventory, path: "unet"), configuration.unet)
    vae = AutoencoderKL(Weights(inventory, path: "vae"), configuration.vae)
    report = inventory.report
    parameters = inventory.requested
  }
}
