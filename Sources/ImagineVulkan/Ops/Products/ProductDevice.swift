import CVulkan

/// What decides how products are computed on a device.
struct ProductDevice: Hashable {
  var tier: VulkanTier
  /// What a tier with matrix units multiplies with.
  var units: MatrixUnits?
  /// Compute units, streaming multiprocessors, Xe cores: what runs workgroups.
  var cores: Int
  /// Limits of a workgroup.
  var sharedBytes: Int, threads: Int
  /// What was measured on it.
  var tuned = TuningTable()
  /// For tests: what would not be chosen at their small shapes.
  var forced = ForcedProduct()

  init(_ physical: VulkanPhysicalDevice, _ tier: VulkanTier, _ configuration: VulkanBackend.Configuration) {
    self.tier = tier
    units = tier.usesMatrixUnits ? physical.traits.matrixUnits : nil
    cores = physical.cores
    sharedBytes = Int(physical.limits.maxComputeSharedMemorySize)
    threads = Int(min(physical.limits.maxComputeWorkGroupInvocations, physical.limits.maxComputeWorkGroupSize.0))
    tuned = configuration.pipelineCache.flatMap { TuningTable(in: $0, for: physical) } ?? TuningTable()
    forced = configuration.forcedProduct
    if forced.convertsNothing, let own = units {
      units = MatrixUnits(matrix: own.matrix, subgroupSize: own.subgroupSize, converts: false)
    }
  }

  init(tier: VulkanTier, cores: Int, sharedBytes: Int, threads: Int) {
    (self.tier, self.cores, self.sharedBytes, self.threads) = (tier, cores, sharedBytes, threads)
  }

  func fits(_ tile: ProductTile) -> Bool { tile.sharedBytes <= sharedBytes && tile.threads <= threads }
}

/// For tests: parts of a product's variant that are not to be chosen.
struct ForcedProduct: Hashable {
  var tile: ProductTile?
  var parts: Int?
  /// On matrix units.
  var matrixTile: MatrixTile?
  /// Bytes of the scores that `WideAttention` keeps at a time.
  var scoreBytes: Int?
  /// Whether matrices of sums are never converted where they are.
  var convertsNothing = false
}
