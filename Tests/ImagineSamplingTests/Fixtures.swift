import Foundation

@testable import ImagineSampling

/// The fixed draws that stood in for random numbers when the goldens were made.
struct FixedNoise: NoiseSource {
  private(set) var draws = 0
  var elements = 4

  mutating func draw(from sigma: Float, to next: Float) -> [Float] {
    defer { draws += 1 }
    return (0..<elements).map { Float(1.2 * sin(1.3 * Double(draws) + 0.7 * Double($0) + 0.5)) }
  }
}

/// The unit noise every golden run starts from.
let goldenStart: [Float] = [0.5, -1, 1.5, 0.25]

/// The denoiser of the k-diffusion goldens.
@Sendable func tanhDenoiser(_ x: [Float], _ sigma: Float) -> [Float] {
  x.map { Float(0.9 * tanh(Double($0) / sqrt(1 + Double(sigma) * Double(sigma)))) }
}

/// The model of the diffusers goldens.
@Sendable func tanhModel(_ call: ModelCall) -> ModelOutput {
  let wave = 0.1 * cos(Double(call.timestep) / 100)
  return ModelOutput(conditional: [.init(call.input.map { Float(tanh(0.8 * Double($0)) + wave) })])
}

func denoiser(
  _ sampling: ModelSampling, guidance: Float = 1, model: @escaping GuidedDenoiser.Model = tanhModel
) -> GuidedDenoiser {
  GuidedDenoiser(sampling: sampling, guidance: Guidance(scale: guidance), model: model)
}

func denoiser(
  _ prediction: PredictionType, guidance: Float = 1, model: @escaping GuidedDenoiser.Model = tanhModel
) -> GuidedDenoiser {
  denoiser(ModelSampling(.stableDiffusion, prediction: prediction), guidance: guidance, model: model)
}

/// The noise-free estimate for data that is normally distributed, which also has an exact path.
struct GaussianData {
  let mean: Float
  let deviation: Float

  @Sendable func denoised(_ x: [Float], _ sigma: Float) -> [Float] {
    let (data, noise) = (deviation * deviation, sigma * sigma)
    return x.map { (data * $0 + noise * mean) / (data + noise) }
  }

  /// Where the probability flow ODE takes a value from one noise level to another.
  func exact(_ x: Float, from sigma: Float, to next: Float) -> Float {
    let data = Double(deviation) * Double(deviation)
    let shrink = sqrt((data + Double(next) * Double(next)) / (data + Double(sigma) * Double(sigma)))
    return Float(Double(mean) + (Double(x) - Double(mean)) * shrink)
  }
}

/// Collects what concurrent closures see, in order.
actor Recorder<Value: Sendable> {
  private(set) var values: [Value] = []

  func record(_ value: Value) { values.append(value) }
}

extension SamplerKind {
  /// Whether steps go straight to what the model says; those of higher order may go past it.
  var isFirstOrder: Bool {
    [.euler, .eulerAncestral, .ddim, .ddpm, .dpmpp2M, .lcm, .tcd, .eulerCFGPlusPlus, .dpmppSDE].contains(self)
  }

  /// A plan of this sampler with this program's own habits.
  func plan(
    steps: Int, schedule: SigmaSchedule? = nil, sampling: ModelSampling = .stableDiffusion
  ) throws(SamplingError) -> SamplingPlan {
    try SamplingMethod(self, schedule: schedule).plan(steps: steps, sampling: sampling)
  }
}
