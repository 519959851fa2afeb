package import ImagineGraph

/// A model as a value: its networks, and how they work together.
///
/// The engine iterates over this. Nothing above it names a UNet, and a new family is another way to make one.
package struct DiffusionModel: Sendable {
  /// In the order a picture needs them.
  package let networks: [Network]
  package let conditioning: Conditioning
  package let latent: LatentFormat
  package let scheduler: SchedulerConfiguration
  package let defaults: GenerationDefaults
  /// What of the checkpoint fits, by name.
  package let report: WeightReport
  /// The shapes of all weights that the networks read, by path.
  package let parameters: [String: Shape]

  /// How many values of the denoiser's way down are joined to its way up.
  package var skipCount: Int {
    parameters.keys.count { $0.hasPrefix("unet.up_blocks.") && $0.hasSuffix(".conv1.weight") }
  }

  /// Where the denoiser looks at the prompt, in the order that IP-Adapters number the places.
  package let crossAttentions: [UNet2DConditionModel.CrossAttention]

  /// The network of a role; nil if the model has none.
  package subscript(role: Network.Role) -> Network? { networks.first { $0.role == role } }
}
