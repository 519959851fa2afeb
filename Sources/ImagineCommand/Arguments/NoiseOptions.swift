import ArgumentParser
import Imagine

/// What the first noise is made of, and how its edges meet.
struct NoiseOptions: ParsableArguments {
  @Option(
    name: [.long, .customLong("subseed")], parsing: .unconditional,
    help: ArgumentHelp(
      "Another seed, whose noise is mixed in by --variation-strength; -1, the default, takes another each time.",
      valueName: "n"))
  var variationSeed: Int64?

  @Option(
    name: [.long, .customLong("subseed-strength")], parsing: .unconditional,
    help: ArgumentHelp("How much of it is mixed in, 0 to 1. Default: 0.", valueName: "x"))
  var variationStrength: Double?

  @Option(
    name: [.customLong("seed-resize-from")],
    help: ArgumentHelp(
      "The size of a picture of the same seed that this one is to look like at another size.", valueName: "WxH"),
    transform: { text in
      guard let size = Size(text) else { throw ValidationError("give a size such as 512x512") }
      return size
    })
  var noiseSize: Size?

  @Option(
    help: ArgumentHelp(
      "Edges that meet, so that copies can be laid side by side: x, y or both. Default: none.", valueName: "axes"),
    completion: .list(["x", "y", "both", "none"]),
    transform: { text in
      switch text.lowercased() {
      case "x": return .x
      case "y": return .y
      case "both", "xy", "true": return [.x, .y]
      case "none", "false": return []
      default: throw ValidationError("choose x, y, both or none.")
      }
    })
  var tiling: SeamlessTiling?

  func validate() throws {
    if let variationSeed, variationSeed < -1 {
      throw ValidationError("a --variation-seed of \(variationSeed) is not possible: choose 0 or more, or -1.")
    }
    if let variationStrength, !(0...1 ~= variationStrength) {
      throw ValidationError("a --variation-strength of \(variationStrength) is not possible: choose 0 to 1.")
    }
  }

  func apply(to request: inout GenerationRequest) throws {
    if variationSeed != nil || variationStrength != nil {
      let seed = variationSeed.flatMap { UInt64(exactly: $0) } ?? request.variation?.seed
      let strength = variationStrength ?? request.variation?.strength ?? 0
      if variationSeed ?? -1 >= 0, strength == 0, variationStrength == nil {
        throw ValidationError("--variation-seed changes nothing without --variation-strength: give 0.1, say.")
      }
      request.variation = strength == 0 ? nil : Variation(seed: seed, strength: strength)
    }
    if let noiseSize { request.noiseSize = noiseSize }
    if let tiling { request.tiling = tiling }
  }
}
