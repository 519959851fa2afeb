package import ImagineCheckpoint
package import ImagineGraph

/// The model that a network beside it is to work with: what there is to learn from it of that network's structure.
package struct PartBase: Sendable {
  /// The shapes of the weights that its networks read, by path.
  package let parameters: [String: Shape]
  /// Its configurations by component; see `CheckpointLayout`.
  package let configurations: [String: JSONValue]
  /// Where its denoiser looks at the prompt, in the order that IP-Adapters number the places.
  package let crossAttentions: [UNet2DConditionModel.CrossAttention]

  package init(_ model: DiffusionModel, configurations: [String: JSONValue]) {
    parameters = model.parameters
    crossAttentions = model.crossAttentions
    self.configurations = configurations
  }

  /// Width of the prompt's vectors.
  var context: Int? { crossAttentions.first.flatMap { parameters["\($0.path).to_k.weight"]?.last } }

  /// - Parameter family: that a network was made for; nil where its widths do not say.
  func misfit(_ kind: String, _ name: String, _ family: String?) -> ModelError {
    let own = Self.family(context ?? 0)
    let reason =
      if let family, family != own {
        "was made for \(family), and the model is \(own.map { "one of \($0)" } ?? "of another family")"
      } else {
        "was made for a UNet of other widths than the model's"
      }
    return ModelError(.unsupported, "The \(kind) \(quoted(name)) \(reason): use one that was made for the model.")
  }

  /// What people call models whose prompts have vectors of a width.
  static func family(_ context: Int) -> String? {
    switch context {
    case 768: "Stable Diffusion 1.x"
    case 1024: "Stable Diffusion 2.x"
    case 2048: "Stable Diffusion XL"
    default: nil
    }
  }
}
