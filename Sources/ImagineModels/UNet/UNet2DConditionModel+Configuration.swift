extension UNet2DConditionModel {
  /// The structure of a UNet; as it stands, that of Stable Diffusion 1.x.
  package struct Configuration: Sendable, Hashable {
    /// Channels of the image it looks at: latents, and in some models a mask and another picture's latents beside them.
    package var inChannels = 4
    package var outChannels = 4
    /// Channels of each level, from the finest.
    package var blockOutChannels = [320, 640, 1280, 1280]
    /// On the way down: of each level, from the finest, for each resnet how many transformer blocks follow it.
    package var downDepths = [[1, 1], [1, 1], [1, 1], [0, 0]]
    /// Transformer blocks in the middle: a resnet stands before each of these transformers and after the last; nil if
    /// there is nothing in the middle.
    package var midDepths: [Int]? = [1]
    /// On the way up: of each level, from the coarsest, for each resnet how many transformer blocks follow it.
    package var upDepths = [[0, 0, 0], [1, 1, 1], [1, 1, 1], [1, 1, 1]]
    /// Attention heads of each level, from the finest. (diffusers' `attention_head_dim` means this.)
    package var heads = [8, 8, 8, 8]
    /// Width of the prompt's tokens.
    package var crossAttentionDim = 768
    /// What the time embedding is told beside the timestep; nil in models that are told nothing more.
    package var additionEmbedding: AdditionEmbedding?
    /// Width of the strength of guidance as sinusoids, in models that were distilled to be told it instead of being run
    /// twice (diffusers' `time_cond_proj_dim`).
    package var guidanceWidth: Int?
    package var normGroups = 32
    /// Levels whose transformers are there without blocks in them: a norm and two projections; the middle counts as one more
    /// level. Small ControlNets of Stable Diffusion XL have them.
    package var emptyLevels: Set<Int> = []

    package init() {}

    /// Width of the time embedding.
    package var timeWidth: Int { blockOutChannels[0] * 4 }

    /// Gives all levels the same number of resnets, one more on the way up, and the way up the transformers of the way
    /// down.
    ///
    /// - Parameters:
    ///   - layers: resnets of each level on the way down.
    ///   - depths: of each level, from the finest, how many transformer blocks follow each resnet.
    ///   - mid: how many transformer blocks there are in the middle.
    package mutating func mirror(layers: Int, depths: [Int], mid: Int) {
      downDepths = depths.map { [Int](repeating: $0, count: layers) }
      midDepths = [mid]
      upDepths = depths.reversed().map { [Int](repeating: $0, count: layers + 1) }
    }

    func level(_ index: Int) -> UNetLevel {
      UNetLevel(
        time: timeWidth, context: crossAttentionDim, heads: heads[min(index, heads.count - 1)], groups: normGroups,
        hasEmptyTransformers: emptyLevels.contains(index))
    }
  }
}

/// The UNets of published models.
extension UNet2DConditionModel.Configuration {
  package static let stableDiffusion1 = UNet2DConditionModel.Configuration()

  package static let stableDiffusion1Inpainting: Self = {
    var configuration = stableDiffusion1
    configuration.inChannels = 9
    return configuration
  }()

  package static let stableDiffusion2: Self = {
    var configuration = stableDiffusion1
    configuration.heads = [5, 10, 20, 20]
    configuration.crossAttentionDim = 1024
    return configuration
  }()

  package static let stableDiffusionXL: Self = {
    var configuration = UNet2DConditionModel.Configuration()
    configuration.blockOutChannels = [320, 640, 1280]
    configuration.mirror(layers: 2, depths: [0, 2, 10], mid: 10)
    configuration.heads = [5, 10, 20]
    configuration.crossAttentionDim = 2048
    configuration.additionEmbedding = AdditionEmbedding()
    return configuration
  }()

  package static let stableDiffusionXLRefiner: Self = {
    var configuration = UNet2DConditionModel.Configuration()
    configuration.blockOutChannels = [384, 768, 1536, 1536]
    configuration.mirror(layers: 2, depths: [0, 4, 4, 0], mid: 4)
    configuration.heads = [6, 12, 24, 24]
    configuration.crossAttentionDim = 1280
    configuration.additionEmbedding = AdditionEmbedding()
    configuration.additionEmbedding?.timeIDs = 5
    return configuration
  }()

  /// Segmind's distillation of Stable Diffusion XL.
  package static let ssd1B: Self = {
    var configuration = stableDiffusionXL
    configuration.downDepths = [[0, 0], [2, 2], [4, 4]]
    configuration.midDepths = []
    configuration.upDepths = [[4, 4, 10], [2, 1, 1], [0, 0, 0]]
    return configuration
  }()
}
