internal import ImagineSampling

/// The algorithm that takes noise to a picture, step by step.
public struct Sampler: Sendable, Hashable {
  let kind: SamplerKind
  /// Whose random numbers Brownian paths are made of, where the name says so (`dpmpp_sde_gpu`).
  let brownianStream: RandomStream?

  init(_ kind: SamplerKind, brownianStream: RandomStream? = nil) {
    self.kind = kind
    self.brownianStream = brownianStream
  }

  /// The same with Brownian paths of a stream.
  func following(_ stream: RandomStream?) -> Sampler { Sampler(kind, brownianStream: stream) }

  /// Euler's method, k-diffusion's `sample_euler`.
  public static let euler = Sampler(.euler)
  /// Euler's method with fresh noise at every step, k-diffusion's `sample_euler_ancestral`.
  public static let eulerAncestral = Sampler(.eulerAncestral)
  /// Heun's method, twice as many calls of the model; k-diffusion's `sample_heun`.
  public static let heun = Sampler(.heun)
  /// Denoising diffusion implicit models, as diffusers' `DDIMScheduler` runs Stable Diffusion 1.5.
  public static let ddim = Sampler(.ddim)
  /// Pseudo linear multistep, diffusers' `PNDMScheduler`.
  public static let plms = Sampler(.plms)
  /// The second-order multistep solver, k-diffusion's `sample_dpmpp_2m`.
  public static let dpmpp2M = Sampler(.dpmpp2M)
  /// The same with noise along a Brownian path, k-diffusion's `sample_dpmpp_2m_sde`.
  public static let dpmpp2MSDE = Sampler(.dpmpp2MSDE)
  /// The solver with a step halfway and such noise, k-diffusion's `sample_dpmpp_sde`.
  public static let dpmppSDE = Sampler(.dpmppSDE)
  /// The unified predictor-corrector, diffusers' `UniPCMultistepScheduler`.
  public static let unipc = Sampler(.unipc)
  /// The sampler of latent consistency models, diffusers' `LCMScheduler`; for models distilled for few steps.
  public static let lcm = Sampler(.lcm)
  /// Trajectory consistency, diffusers' `TCDScheduler`; for models distilled for few steps.
  public static let tcd = Sampler(.tcd)

  /// Every sampler there is.
  public static let all = SamplerKind.allCases.map { Sampler($0) }

  /// The name on the command line, such as `euler_a`.
  public var name: String { brownianStream == .cuda ? kind.rawValue + "_gpu" : kind.rawValue }
  /// The name in AUTOMATIC1111, such as `Euler a`.
  public var label: String { kind.label }
  /// Calls of the model in a step, as prompts that change on the way count them: 1 or 2.
  public var callsPerStep: Int { kind.callsPerStep }

  /// Reads a sampler's name as any program writes it; one that ends in a schedule's ("DPM++ 2M Karras") names both.
  ///
  /// - Throws: `ImagineError` with the nearest samplers.
  public static func named(_ name: String) throws -> (sampler: Sampler, schedule: Schedule?) {
    let method = try ImagineError.translating { try SamplingMethod(sampler: name) }
    return (Sampler(method.sampler, brownianStream: method.brownianStream), method.schedule.map(Schedule.init))
  }
}

/// How a run's steps are spread over noise levels.
public struct Schedule: Sendable, Hashable {
  let kind: SigmaSchedule

  init(_ kind: SigmaSchedule) { self.kind = kind }

  /// Even in training timesteps.
  public static let normal = Schedule(.normal)
  /// More steps at low noise (Karras et al. 2022).
  public static let karras = Schedule(.karras)
  /// Even in the logarithm of the noise level.
  public static let exponential = Schedule(.exponential)
  /// Every so many training timesteps, from the top.
  public static let simple = Schedule(.simple)
  /// Even in training timesteps, without the last.
  public static let sgmUniform = Schedule(.sgmUniform)
  /// Every so many training timesteps, from the bottom.
  public static let ddimUniform = Schedule(.ddimUniform)
  /// Even in training timesteps from the last one down: diffusers' "trailing", for models distilled for few steps.
  public static let trailing = Schedule(.trailing)

  /// Even in training timesteps up from the first: diffusers' "leading", its habit with Stable Diffusion.
  public static let leading = Schedule(.leading)
  /// Even in the logarithm of the noise level, by another formula.
  public static let polyexponential = Schedule(.polyexponential)
  /// By quantiles of a beta distribution: dense at both ends.
  public static let beta = Schedule(.beta)
  /// Levels found best for the model, and between them (Sabour et al. 2024).
  public static let alignYourSteps = Schedule(.alignYourSteps)
  /// Even in the arctangent of the noise level.
  public static let klOptimal = Schedule(.klOptimal)

  /// Every schedule there is.
  public static let all = SigmaSchedule.allCases.map(Schedule.init)

  /// The name on the command line, such as `sgm_uniform`.
  public var name: String { kind.rawValue }
  /// The name in AUTOMATIC1111, such as `SGM Uniform`.
  public var label: String { kind.label }

  /// Reads a schedule's name as any program writes it.
  ///
  /// - Throws: `ImagineError` with the list of schedules.
  public init(named name: String) throws {
    kind = try ImagineError.translating { try SigmaSchedule(name: name) }
  }
}

/// Whose random numbers a seed stands for.
public struct RandomSource: Sendable, Hashable {
  let stream: RandomStream

  private init(_ stream: RandomStream) { self.stream = stream }

  /// torch on the CPU: the pictures of ComfyUI and of diffusers with a CPU generator.
  public static let cpu = RandomSource(.cpu)
  /// torch on an NVIDIA GPU: the pictures of AUTOMATIC1111 with its default settings.
  public static let cuda = RandomSource(.cuda)

  /// Every stream there is.
  public static let all = RandomStream.allCases.map(RandomSource.init)

  public var name: String { stream.rawValue }

  /// Reads a stream's name; program names such as `comfy` and `a1111` count too.
  ///
  /// - Throws: `ImagineError` with the list of streams.
  public init(named name: String) throws {
    stream = try ImagineError.translating { try RandomStream(name: name) }
  }
}
