/// What guidance can be told beside its scale.
public struct GuidanceSettings: Sendable, Hashable {
  /// How far the guided output's deviation goes back to that of the prompt's own, 0...1: Lin et al. (2023), section 3.4.
  public var rescale: Float = 0
  /// The noise levels between which there is guidance; nil is all of them (Kynkäänniemi et al. 2024).
  public var interval: ClosedRange<Float>?
  /// The noise level below which guidance is left out in every other step: AUTOMATIC1111's "Negative Guidance minimum sigma".
  public var minimumSigma: Float = 0
  /// InstructPix2Pix: how closely the picture to be changed is followed.
  public var pictureScale: Float?

  public init() {}
}
