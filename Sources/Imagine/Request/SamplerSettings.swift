/// What a sampler can be told beside its name. Nil is what the sampler has elsewhere.
public struct SamplerSettings: Sendable, Hashable {
  /// How much of the noise that a step takes away is put back anew, 0...1: for DDIM (0) and the ancestral samplers (1).
  public var eta: Double?
  /// Karras et al. (2022): how much noise each step adds before it takes some away.
  public var churn: Double?
  /// The noise levels between which that is done.
  public var churnMinimum: Double?
  public var churnMaximum: Double?
  /// How strong noise is that is added on the way: 1 as usual.
  public var noise: Double?
  /// What is added to the seed for noise on the way: AUTOMATIC1111's "Eta noise seed delta".
  public var noiseSeedDelta: Int?
  /// The noise levels of the run, falling, in place of a schedule's; the last may be 0.
  public var sigmas: [Float]?

  public init() {}
}
