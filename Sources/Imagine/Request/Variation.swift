/// Another seed's noise, mixed into that of the request's own.
public struct Variation: Sendable, Hashable {
  /// Nil chooses one at random. Picture k of a batch has seed + k, while the request's own seed stays.
  public var seed: UInt64?
  /// How much of it there is, 0...1.
  public var strength: Double

  public init(seed: UInt64? = nil, strength: Double) {
    self.seed = seed
    self.strength = strength
  }
}

/// The axes along which a picture goes on where it began, so that copies can be laid side by side.
public struct SeamlessTiling: OptionSet, Sendable, Hashable {
  public let rawValue: Int

  public init(rawValue: Int) { self.rawValue = rawValue }

  /// The right edge meets the left one.
  public static let x = SeamlessTiling(rawValue: 1)
  /// The lower edge meets the upper one.
  public static let y = SeamlessTiling(rawValue: 2)
}
