package import ImagineGraph

/// What a denoiser is given beside prompts and numbers. All of it is made elsewhere, and comes into its graph as inputs:
///
/// - `control.<k>` and `control.mid`: residuals of a ControlNet, in the shapes of the skips, from `conv_in`'s on, and of the
///   middle's result
/// - `features.<k>`: of a T2I-Adapter, in the shape of each level's result on the way down; one more goes to the middle's
/// - `image.<adapter>.<path>.keys` and `.values` [rows, tokens, C]: of an IP-Adapter's pictures for each cross-attention, by
///   its path; see `UNet2DConditionModel.crossAttentions`
/// - `cached`: what an earlier step kept
package struct DenoiserAdditions: Sendable, Hashable {
  /// What becomes of a feature on the way up that changes little from step to step (DeepCache, Ma and others 2023).
  ///
  /// Branch b is where skip b, counted from `conv_in`'s, is joined: the feature is what it is joined to.
  package enum Caching: Sendable, Hashable {
    /// The whole network is run, and the feature is its second result, [rows, H, W, C].
    case keeps(branch: Int)
    /// Only what the skip and the joined feature lead to is run.
    case uses(branch: Int)
  }

  /// Whether there are residuals of a ControlNet.
  package var hasControl = false
  /// How many features of a T2I-Adapter there are; 0 for none.
  package var features = 0
  /// Of each IP-Adapter, how many tokens its pictures have.
  package var imageTokens: [Int] = []
  package var caching: Caching?

  package init() {}

  /// The names of an IP-Adapter's inputs for a cross-attention.
  package static func imageInputs(adapter: Int, _ path: String) -> (keys: String, values: String) {
    ("image.\(adapter).\(path).keys", "image.\(adapter).\(path).values")
  }

  /// A tensor with an addition to it.
  func adding(_ name: String, to x: Tensor) -> Tensor { x + x.builder.input(name, x.shape).asActivation() }

  /// A level's result with the feature for it.
  func addingFeature(_ index: Int, to x: Tensor) -> Tensor {
    index < features ? adding("features.\(index)", to: x) : x
  }

  /// The skips, and the middle's result, with a ControlNet's residuals.
  func addingControl(to skips: [Tensor]) -> [Tensor] {
    hasControl ? skips.enumerated().map { adding("control.\($0)", to: $1) } : skips
  }

  func addingControl(toMiddle x: Tensor) -> Tensor { hasControl ? adding("control.mid", to: x) : x }
}

/// What a cross-attention looks at: a prompt, and pictures beside it.
package struct AttentionContext {
  /// [N, S, D]
  let text: Tensor
  /// Of each adapter, how many tokens its pictures have.
  let imageTokens: [Int]

  package init(_ text: Tensor, imageTokens: [Int] = []) {
    self.text = text
    self.imageTokens = imageTokens
  }

  /// Keys and values of each adapter's pictures for the attention at a path: [N, tokens, channels].
  func images(for path: String, channels: Int) -> [(keys: Tensor, values: Tensor)] {
    imageTokens.enumerated().map { adapter, tokens in
      let names = DenoiserAdditions.imageInputs(adapter: adapter, path)
      func input(_ name: String) -> Tensor {
        text.builder.input(name, [text.shape[0], tokens, channels], isSteady: true).asActivation()
      }
      return (input(names.keys), input(names.values))
    }
  }
}
