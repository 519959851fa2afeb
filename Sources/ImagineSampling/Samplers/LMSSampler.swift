/// Linear multistep of order 4, after Adams and Bashforth, in sigma: k-diffusion's `sample_lms`.
///
/// The polynomial through the last slopes is integrated exactly, where k-diffusion does it by quadrature to 1e-4. On a picture
/// diffusers' `LMSDiscreteScheduler` begins with the weights of order 4 for the one slope that there is, which is not followed.
package struct LMSSampler: Sampler {
  package static let label = "LMS"
  package static let aliases = ["LMSDiscreteScheduler"]
  package static let defaultSchedule: SigmaSchedule? = .normal

  private var history: [(sigma: Double, slope: [Float])] = []

  package init(_ run: SamplerRun) {}

  package mutating func step(
    _ x: inout [Float], from sigma: Float, to next: Float, denoise: Denoiser, noise: inout some NoiseSource
  ) async throws -> [Float] {
    let denoised = try await denoise(x, sigma)
    history = [(Double(sigma), noiseDirection(x, denoised, sigma))] + history.prefix(3)
    let weights = AdamsBashforth.weights(nodes: history.map(\.sigma), from: Double(sigma), to: Double(next))
    x = weightedSum(1, x, zip(weights, history.map(\.slope)).map { ($0, $1) })
    return denoised
  }
}

/// How much the values at earlier times count in the integral over the next interval.
enum AdamsBashforth {
  /// Gauss and Legendre's places and weights on -1...1, exact to the seventh degree.
  private static let quadrature = [
    (-0.8611363115940526, 0.3478548451374538), (-0.3399810435848563, 0.6521451548625461),
    (0.3399810435848563, 0.6521451548625461), (0.8611363115940526, 0.3478548451374538),
  ]

  /// The integrals of Lagrange's polynomials, one for each of up to four nodes, all different.
  static func weights(nodes: [Double], from start: Double, to end: Double) -> [Double] {
    let (middle, half) = ((start + end) / 2, (end - start) / 2)
    return nodes.indices.map { index in
      quadrature.reduce(0) { sum, point in
        sum + point.1 * half * lagrange(nodes, index, at: middle + half * point.0)
      }
    }
  }

  /// The polynomial that is 1 at one node and 0 at all others.
  static func lagrange(_ nodes: [Double], _ index: Int, at place: Double) -> Double {
    nodes.indices.reduce(1) { product, other in
      other == index ? product : product * (place - nodes[other]) / (nodes[index] - nodes[other])
    }
  }
}
