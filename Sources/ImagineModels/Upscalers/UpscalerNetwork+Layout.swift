import ImagineCheckpoint
package import ImagineGraph

/// Which network an upscaler is, and its structure, read off its weights.
extension UpscalerNetwork {
  /// - Parameters:
  ///   - shapes: of all tensors by canonical path.
  ///   - file: the file's name in quotes, for messages.
  /// - Throws: `ModelError` for what is no upscaler, for one of a network that this version does not run, and for numbers
  ///   that contradict each other. What is missing or misshapen is for the report to list.
  package init(_ shapes: [String: Shape], file: String) throws {
    let ignored = Self.isIgnored
    let layout = CheckpointLayout(shapes: shapes.filter { !ignored($0.key) }, configurations: [:])
    let other = OtherUpscaler.name(of: shapes.keys)
    func has(_ path: String) -> Bool { shapes["upscaler.\(path)"] != nil }
    if has("body.0.rdb1.conv1.weight") || has("body.0.rdb1.conv1x1.weight") {
      self = try Self.esrgan(layout)
    } else if has("body.0.weight"), has("body.1.weight"), has("body.2.weight"),
      shapes["upscaler.body.1.weight"]?.rank == 1
    {
      self = try Self.compact(layout)
    } else if has("layers.0.residual_group.blocks.0.mlp.fc1.weight"), has("conv_first.weight"), other == nil {
      self = try Self.swinIR(layout)
    } else if let other {
      throw ModelError(
        .unsupported,
        "\(file) is an upscaler of the network \(other), which this version does not run: use one of ESRGAN, Real-ESRGAN, "
          + "Compact or SwinIR.")
    } else {
      throw ModelError(
        .unsupported,
        "\(file) is no upscaler that this version knows: use one of ESRGAN, Real-ESRGAN, Compact or SwinIR.")
    }
    let unused = report.unused
    guard unused.isEmpty else {
      throw ModelError(
        .unsupported,
        "\(file) looks like \(architecture), and has \(unused.count) weights that it has no place for, "
          + "\(unused.prefix(3).map(quoted).joined(separator: ", ")) among them: use another upscaler.")
    }
  }

  /// What training needs, and what is computed from the size.
  private static func isIgnored(_ path: String) -> Bool {
    [".relative_position_index", ".attn_mask", ".num_batches_tracked"].contains { path.hasSuffix($0) }
  }

  /// - Throws: `ModelError` that lists what is missing and misshapen, if anything is.
  package func requireComplete(file: String) throws {
    guard !report.isComplete else { return }
    let problems = report.missing.map { "\($0) is missing" } + report.misshapen
    throw ModelError(
      .incomplete,
      "\(file) is not complete as \(architecture), \(problems.count) weights do not fit: "
        + "\(problems.prefix(3).joined(separator: "; "))\(problems.count > 3 ? "; ..." : ""). Download it again.")
  }

  static func channels(_ count: Int) throws -> Int {
    try require(count == 1 || count == 3, "it makes pictures of \(count) channels")
    return count
  }

  /// What a picture is divided by, of whose pixels the first convolution sees so many channels.
  private static func unshuffle(_ inputs: Int, of channels: Int) throws -> Int {
    guard let factor = [1, 2, 4].first(where: { inputs == channels * $0 * $0 }) else {
      throw ModelError.contradiction("it takes \(inputs) channels and gives \(channels)")
    }
    return factor
  }
}

// MARK: - ESRGAN

extension UpscalerNetwork {
  private static func esrgan(_ layout: CheckpointLayout) throws -> UpscalerNetwork {
    var structure = RRDBNet.Configuration()
    func width(_ path: String, _ axis: Int) throws -> Int? { try layout.width("upscaler.\(path).weight", axis) }
    structure.features = try width("conv_first", 0) ?? structure.features
    structure.inChannels = try width("conv_first", 1) ?? structure.inChannels
    structure.outChannels = try channels(width("conv_last", 0) ?? structure.outChannels)
    structure.growth = try width("body.0.rdb1.conv1", 0) ?? structure.growth
    structure.blocks = max(
      try layout.count(atMost: 256, "blocks") { "upscaler.body.\($0).rdb1.conv1.weight" }, 1)
    structure.upsamplings = try layout.count(atMost: 4, "upsamplings") { "upscaler.conv_up\($0 + 1).weight" }
    structure.unshuffle = try unshuffle(structure.inChannels, of: structure.outChannels)
    structure.hasShortcuts = layout.shapes["upscaler.body.0.rdb1.conv1x1.weight"] != nil
    let enlarged = 1 << structure.upsamplings
    try require(
      enlarged % structure.unshuffle == 0,
      "it divides pictures by \(structure.unshuffle) and multiplies them by \(enlarged)")
    let inventory = WeightInventory(layout.shapes)
    let network = RRDBNet(Weights(inventory, path: "upscaler"), structure)
    return UpscalerNetwork(
      structure.hasShortcuts ? "ESRGAN+" : structure.unshuffle > 1 ? "Real-ESRGAN" : "ESRGAN",
      channels: structure.outChannels, scale: enlarged / structure.unshuffle, multiple: structure.unshuffle,
      overlap: 12 * structure.unshuffle, factors: network.factors, inventory
    ) { network($0) }
  }
}

// MARK: - Compact

extension UpscalerNetwork {
  private static func compact(_ layout: CheckpointLayout) throws -> UpscalerNetwork {
    var structure = SRVGGNetCompact.Configuration()
    structure.features = try layout.width("upscaler.body.0.weight", 0) ?? structure.features
    structure.channels = try channels(layout.width("upscaler.body.0.weight", 1) ?? structure.channels)
    // A convolution and an activation each, and a convolution at the end.
    let layers = try layout.count(atMost: 1024, "layers") { "upscaler.body.\($0).weight" }
    try require(layers >= 3 && layers % 2 == 1, "it has \(layers) layers where convolutions and activations take turns")
    structure.depth = (layers - 3) / 2
    let outputs = try layout.width("upscaler.body.\(layers - 1).weight", 0) ?? 0
    guard let scale = (1...8).first(where: { structure.channels * $0 * $0 == outputs }) else {
      throw ModelError.contradiction(
        "its last convolution gives \(outputs) channels for pictures of \(structure.channels)")
    }
    structure.scale = scale
    let inventory = WeightInventory(layout.shapes)
    let network = SRVGGNetCompact(Weights(inventory, path: "upscaler"), structure)
    return UpscalerNetwork(
      "Real-ESRGAN Compact", channels: structure.channels, scale: scale, multiple: 1,
      // One position for each convolution reaches no further: exact for short networks.
      overlap: min((3 * (structure.depth + 2) + 1) / 2, 16), inventory
    ) { network($0) }
  }
}
