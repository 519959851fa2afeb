/// What programs do differently around the same sampler: the difference between the same seed and the same picture.
///
/// Every value has this program's own habit, which ``init(_:)`` changes to those of the program that is to be matched.
package struct SamplingHabits: Sendable, Hashable {
  /// How a given picture cuts the steps short.
  package enum StrengthRule: Sendable, Hashable {
    /// A1111: `int(min(strength, 0.999) * steps) + 1` updates, the last of as many steps as asked for.
    case fractionAndOne
    /// diffusers: `int(strength * steps)` updates, the last of as many steps as asked for.
    case fraction
    /// ComfyUI: as many updates as asked for, the last of `int(steps / strength)`.
    case all
  }

  /// How unit noise becomes the first latents.
  package enum FirstNoise: Sendable, Hashable {
    /// As the sampler has it: see ``Sampler/start``.
    case bySampler
    /// ComfyUI: `sqrt(1 + sigma^2)` at the highest level that was trained, else `sigma`.
    case fullAtTop
    /// diffusers: `sqrt(1 + sigma^2)`, but for trailing timesteps and those that take in both ends.
    case fullUnlessTrailing
  }

  /// Where the noise that is added on the way comes from.
  package enum StepNoise: Sendable, Hashable {
    /// The generator of the first noise goes on: A1111 and diffusers.
    case continued
    /// A new generator with the same seed, one more on the CPU so that the first draw is not the first noise again: ComfyUI.
    case fresh
  }

  /// The program that is matched; nil for this program's own habits.
  package private(set) var likeness: Likeness?
  package var strengthRule = StrengthRule.fractionAndOne
  package var firstNoise = FirstNoise.bySampler
  package var stepNoise = StepNoise.continued
  /// Whose random numbers the first noise is made of; nil is as asked for.
  package var firstStream: RandomStream?
  /// Whose random numbers Brownian paths are made of; nil is as asked for.
  package var brownianStream: RandomStream?
  /// Whether samplers for stochastic differential equations follow a Brownian path, as in k-diffusion; in diffusers they
  /// draw independently.
  package var followsBrownianPaths = true
  /// Whether a Brownian path spans all levels of the schedule, also where a picture cuts the steps short: A1111.
  package var spansWholeSchedule = false
  /// Whether networks are told whole timesteps alone: ComfyUI.
  package var roundsTimesteps = false
  /// Whether samplers that churn draw noise in every step, also where they have no use for it: k-diffusion and A1111.
  package var drawsUnusedNoise = true
  /// A1111's "Eta noise seed delta": what is added to the seed for noise on the way.
  package var etaNoiseSeedDelta: Int = 0
  /// How a mask keeps the rest of a picture.
  package var maskRule = LatentMask.Rule.a1111

  package init(_ likeness: Likeness? = nil) {
    self.likeness = likeness
    switch likeness {
    case nil, .stableDiffusionCpp: break
    case .a1111:
      spansWholeSchedule = true
    case .comfyUI:
      strengthRule = .all
      firstNoise = .fullAtTop
      drawsUnusedNoise = false
      stepNoise = .fresh
      firstStream = .cpu
      brownianStream = .cpu
      roundsTimesteps = true
      maskRule = .comfyUI
    case .diffusers:
      strengthRule = .fraction
      firstNoise = .fullUnlessTrailing
      drawsUnusedNoise = false
      followsBrownianPaths = false
      maskRule = .diffusers
    }
  }
}
