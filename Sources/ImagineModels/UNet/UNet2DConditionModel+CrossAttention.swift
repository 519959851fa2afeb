extension UNet2DConditionModel {
  /// A place where the denoiser looks at the prompt.
  package struct CrossAttention: Sendable, Hashable {
    /// Of its weights.
    package let path: String
    /// Width of its keys and values.
    package let channels: Int
  }

  /// All of them, in the order in which IP-Adapters number them: on the way down, on the way up, in the middle.
  package var crossAttentions: [CrossAttention] {
    let transformers =
      downBlocks.flatMap(\.attentions) + upBlocks.flatMap(\.attentions) + (midBlock?.attentions ?? [])
    return transformers.compactMap { $0 }.flatMap(\.blocks).map {
      CrossAttention(path: $0.attn2.path, channels: $0.channels)
    }
  }
}
