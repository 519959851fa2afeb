internal import ImagineGraph

/// A layer of a model that adapters change: its path, and the shapes of what it has.
package struct AdaptedModule: Sendable, Hashable {
  /// The network, as diffusers names it: `unet`, `text_encoder`, `text_encoder_2`.
  package let network: String
  /// Inside the network, in diffusers' or transformers' names.
  package let path: String
  /// Of the weight; nil for a module that stands for one that the model has left out.
  let weight: Shape?
  /// Of the bias; nil for none.
  let bias: Shape?
  /// Whether the model leaves this layer out, as it does those of a text encoder behind the one that speaks: what changes it
  /// changes nothing.
  package let isAbsent: Bool

  var weightPath: String { "\(network).\(path).weight" }
  var biasPath: String { "\(network).\(path).bias" }
}
