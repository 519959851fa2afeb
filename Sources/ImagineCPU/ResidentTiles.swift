internal import CKernels
internal import ImagineGraph

extension CPUBackend {
  /// Seconds that a product of tiles takes now while all stay in their registers, on the slowest of this backend's threads; nil on
  /// processors without tile registers.
  ///
  /// It takes some milliseconds. Numbers are random: with zeros the clock stays higher than it does in models.
  package func tileProductSeconds() -> Double? {
    guard capabilities.features.contains(.amxBFloat16) else { return nil }
    return onDevice { ResidentTiles.random.multiplied(on: $0, rounds: 4000, passes: 40)?.seconds.max() }
  }
}

/// Two tiles of 16 x 32 numbers, and two of 32 x 16 to be multiplied with, one after the other.
struct ResidentTiles {
  let elements: [UInt16]

  /// Numbers of -0.2...0.2.
  static let random: ResidentTiles = {
    var state: UInt32 = 1
    return ResidentTiles(
      elements: (0..<2048).map { _ in
        // The generator of Numerical Recipes.
        state = state &* 1_664_525 &+ 1_013_904_223
        return BFloat16.bits((Float(state >> 8) / 0x1p23 - 1) * 0.2)
      })
  }()

  /// All four products, each added up `rounds` times, and for each of the device's threads the seconds of one; nil without tile
  /// registers.
  func multiplied(on device: ck_device, rounds: Int, passes: Int) -> (sums: [Float], seconds: [Double])? {
    var sums = [Float](repeating: 0, count: 4 * 256), seconds = [Double](repeating: 0, count: Int(device.threads))
    let has = ck_multiply_resident_tiles(device, elements, rounds, passes, &sums, &seconds)
    return has ? (sums, seconds) : nil
  }
}
