/// How much of an adapter is applied in each block of the UNet: the numbers of AUTOMATIC1111's extension "LoRA Block Weight".
///
/// Which blocks they are for is told from how many there are: 17 for a LoRA of Stable Diffusion 1 and 2 (the text encoder and
/// time embedding; the blocks that attend), 26 for one of all blocks, 12 and 20 of Stable Diffusion XL.
package struct BlockWeights: Sendable, Hashable {
  package let values: [Float]

  /// The blocks that the numbers are for, in the original names: `BASE`, `IN00`, `M00`, `OUT00`.
  private static let layouts: [Int: [String]] = [
    17: ["BASE"] + numbered("IN", [1, 2, 4, 5, 7, 8]) + ["M00"] + numbered("OUT", Array(3...11)),
    26: ["BASE"] + numbered("IN", Array(0...11)) + ["M00"] + numbered("OUT", Array(0...11)),
    12: ["BASE"] + numbered("IN", [4, 5, 7, 8]) + ["M00"] + numbered("OUT", Array(0...5)),
    20: ["BASE"] + numbered("IN", Array(0...8)) + ["M00"] + numbered("OUT", Array(0...8)),
  ]

  private static func numbered(_ name: String, _ numbers: [Int]) -> [String] {
    numbers.map { "\(name)\($0 < 10 ? "0" : "")\($0)" }
  }

  /// How many numbers there may be.
  package static var counts: [Int] { layouts.keys.sorted() }

  /// Nil for another count of numbers, and for any that is no number.
  package init?(_ values: [Float]) {
    guard Self.layouts[values.count] != nil, values.allSatisfy(\.isFinite) else { return nil }
    self.values = values
  }

  /// What the strength of a change is multiplied by. Blocks that no number is for keep all of it.
  ///
  /// - Parameters:
  ///   - network: as diffusers names it.
  ///   - original: the module's path in the UNet's original names.
  func factor(network: String, original: String?) -> Float {
    guard let layout = Self.layouts[values.count] else { return 1 }
    let block = network == "unet" ? original.flatMap(Self.block) ?? "BASE" : "BASE"
    return layout.firstIndex(of: block).map { values[$0] } ?? 1
  }

  /// The block of an original path; nil for what lies in none.
  private static func block(_ path: String) -> String? {
    let parts = path.split(separator: ".")
    switch parts.first {
    case "input_blocks": return parts.count > 1 ? Int(parts[1]).map { numbered("IN", [$0])[0] } : nil
    case "middle_block": return "M00"
    case "output_blocks": return parts.count > 1 ? Int(parts[1]).map { numbered("OUT", [$0])[0] } : nil
    case "out": return "OUT11"
    default: return nil
    }
  }
}
