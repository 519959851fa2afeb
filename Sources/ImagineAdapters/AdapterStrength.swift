/// How much of an adapter is applied, and where.
package struct AdapterStrength: Sendable, Hashable {
  package var unet: Float
  package var textEncoder: Float
  /// How many of the low-rank parts count, AUTOMATIC1111's `dyn`; nil for all.
  package var ranks: Int?
  package var blocks: BlockWeights?

  package init(_ strength: Float) { (unet, textEncoder) = (strength, strength) }

  package init(unet: Float, textEncoder: Float, ranks: Int? = nil, blocks: BlockWeights? = nil) {
    (self.unet, self.textEncoder, self.ranks, self.blocks) = (unet, textEncoder, ranks, blocks)
  }

  /// The strength in a network without what blocks say.
  func whole(_ network: String) -> Float { network == "unet" ? unet : textEncoder }
}
