/// Estimates the noise-free latents behind noisy ones: x [n] in k-diffusion's scale, at noise level sigma, to [n].
package struct Denoiser: Sendable {
  /// What a model says about noisy latents.
  package struct Estimate: Sendable {
    /// With guidance: [n].
    package var guided: [Float]
    /// Without the prompt: [n]; the guided one where a model was not asked for it.
    package var unconditional: [Float]

    package init(guided: [Float], unconditional: [Float]? = nil) {
      self.guided = guided
      self.unconditional = unconditional ?? guided
    }
  }

  private let body: @Sendable (_ x: [Float], _ sigma: Float) async throws -> Estimate

  package init(estimating body: @escaping @Sendable (_ x: [Float], _ sigma: Float) async throws -> Estimate) {
    self.body = body
  }

  package init(_ body: @escaping @Sendable (_ x: [Float], _ sigma: Float) async throws -> [Float]) {
    self.body = { Estimate(guided: try await body($0, $1)) }
  }

  package init(_ guided: GuidedDenoiser) {
    body = { try await guided.estimate($0, $1) }
  }

  /// The guided estimate: what most samplers go by.
  package func callAsFunction(_ x: [Float], _ sigma: Float) async throws -> [Float] { try await body(x, sigma).guided }

  /// Both estimates of one call.
  package func estimate(_ x: [Float], _ sigma: Float) async throws -> Estimate { try await body(x, sigma) }
}
