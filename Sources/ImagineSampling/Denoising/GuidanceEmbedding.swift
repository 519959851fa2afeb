import Foundation

/// A guidance scale as latent consistency models take it, beside the timestep: Luo et al. (2023), diffusers'
/// `get_guidance_scale_embedding`.
///
/// The network was distilled with guidance inside it, so it runs once a step. What it is told is `scale - 1`, times 1000, as a
/// sinusoid with the sines first and both ends of the frequencies included: [width].
package func guidanceEmbedding(scale: Float, width: Int) -> [Float] {
  let half = width / 2
  let value = Double(scale - 1) * 1000
  let angles = (0..<half).map { index in
    value * exp(-log(10_000) * Double(index) / Double(max(half - 1, 1)))
  }
  let waves = angles.map { Float(sin($0)) } + angles.map { Float(cos($0)) }
  return waves + [Float](repeating: 0, count: max(width - waves.count, 0))
}
