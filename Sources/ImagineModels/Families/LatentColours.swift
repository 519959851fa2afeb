/// What colours latents stand for, roughly: for each channel, what it adds to red, green and blue.
///
/// The numbers were fitted by others to pictures and their latents, and ComfyUI, whose `Latent2RGB` preview this is, publishes
/// them with each space of latents.
package struct LatentColours: Sendable, Hashable {
  /// [channels]; colours run from -1 to 1.
  let factors: [SIMD3<Float>]
  let bias: SIMD3<Float>

  init(_ factors: [SIMD3<Float>], bias: SIMD3<Float> = .zero) {
    self.factors = factors
    self.bias = bias
  }

  /// A picture with a pixel for each position: red, green and blue, [height, width, 3].
  ///
  /// As ComfyUI's, fractions of 255 are cut off. What is no number is black.
  ///
  /// - Parameter latents: in the denoiser's scale, without noise: [channels, height, width].
  /// - Returns: nil if there are not as many.
  package func pixels(_ latents: [Float], width: Int, height: Int) -> [UInt8]? {
    let (positions, overflows) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, !overflows, latents.count / factors.count == positions,
      latents.count % factors.count == 0
    else { return nil }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(positions * 3)
    for position in 0..<positions {
      var colour = bias
      for (channel, factor) in factors.enumerated() { colour += latents[channel * positions + position] * factor }
      let unit = (colour + 1) / 2
      for channel in 0..<3 {
        // In this order a value that is no number fails the comparison.
        pixels.append(unit[channel] > 0 ? UInt8(min(unit[channel], 1) * 255) : 0)
      }
    }
    return pixels
  }

  /// Those of Stable Diffusion 1 and 2.
  package static let stableDiffusion1 = LatentColours([
    [0.3512, 0.2297, 0.3227], [0.3250, 0.4974, 0.2350], [-0.2829, 0.1762, 0.2721], [-0.2120, -0.2616, -0.7177],
  ])

  /// Those of Stable Diffusion XL.
  package static let stableDiffusionXL = LatentColours(
    [[0.3651, 0.4232, 0.4341], [-0.2533, -0.0042, 0.1068], [0.1076, 0.1111, -0.0362], [-0.3165, -0.2492, -0.2188]],
    bias: [0.1084, -0.0175, -0.0011])

  /// Those of Playground 2.5, whose latents are Stable Diffusion XL's, normalised by channel.
  package static let playground = LatentColours([
    [0.3920, 0.4054, 0.4549], [-0.2634, -0.0196, 0.0653], [0.0568, 0.1687, -0.0755], [-0.3112, -0.2359, -0.2076],
  ])
}
