internal import ImagineGraph
internal import ImagineModels

/// How a network is run after a way that failed.
///
/// Out of memory, or beyond a limit of the device: first other models make room, then the model's other networks, then
/// guidance runs in two passes or the autoencoder in tiles, smaller and smaller, then weights stay in the machine's memory,
/// with guidance in one pass again at first, then the processor takes over. Where weights alone are more than the device has,
/// nothing smaller is tried before that. Device lost:
/// it is opened anew once, with less work at a time; the second time the processor takes over. Values that are no numbers:
/// 32-bit floats.
///
/// Every step leaves less to give up, so that trying again ends.
struct FallbackOrder: Sendable, Hashable {
  /// The sizes of tiles to try, in latent positions, from the fastest to the smallest.
  static let tileSizes = [128, 64, 32, 16, 8]
  /// What tiles begin with if they are asked for to save memory: 256 pixels in SD 1.x.
  static let modestTile = 32

  var role: Network.Role
  /// Whether both prompts of guidance are run at once, unless split.
  var isGuided = false
  /// The longer side of the picture in latent positions, if it may be decoded, or encoded, in tiles.
  var tileableSide: Int?
  /// Whether other models hold memory that this network could have.
  var otherModelsHoldMemory = false
  /// Whether other networks do, or plans that are not in use.
  var othersHoldMemory = false
  /// Whether it already computes in 32-bit floats.
  var isWide = false
  /// Whether the device can use weights in the machine's memory.
  var canPassWeights = false
  /// Whether the network's weights alone are more than the device has memory.
  var weightsExceedDevice = false
  /// Whether the device can be opened anew.
  var canReopen = false
  /// Whether the processor is another place than the chosen device.
  var hasProcessor = false

  /// The next step down; nil if nothing is left to try.
  func fallback(after failure: BackendFailureKind, from mode: RunMode) -> Fallback? {
    switch failure {
    case .outOfMemory:
      if otherModelsHoldMemory { return .otherModels }
      if othersHoldMemory, !mode.isAlone { return .alone }
      if weightsExceedDevice, let passing = passing(from: mode) { return passing }
      return smaller(than: mode) ?? passing(from: mode) ?? processor(from: mode)
    case .unsupported:
      return smaller(than: mode) ?? processor(from: mode)
    case .deviceLost:
      if canReopen, mode.place == .device { return .reopening }
      return processor(from: mode)
    case .notFinite:
      // A denoiser that overflows is the whole picture's precision, and its choice the person's.
      return role == .denoiser || isWide || mode.isWide ? nil : .wide
    case .other:
      return nil
    }
  }

  private func smaller(than mode: RunMode) -> Fallback? {
    switch role {
    case .textEncoder, .control, .features, .imageEncoder, .imagePrompt, .upscaler: nil
    case .denoiser: isGuided && !mode.splitsGuidance ? .splitGuidance : nil
    case .decoder, .encoder: nextTile(below: mode.tile).map(Fallback.tiles)
    }
  }

  /// A first tile is smaller than the picture; the next ones are smaller than the one before.
  private func nextTile(below tile: Int?) -> Int? {
    guard let tileableSide else { return nil }
    return Self.tileSizes.first { $0 < tile ?? tileableSide }
  }

  private func passing(from mode: RunMode) -> Fallback? {
    canPassWeights && mode.place == .device && !mode.passesWeights ? .passingWeights : nil
  }

  private func processor(from mode: RunMode) -> Fallback? {
    hasProcessor && mode.place == .device ? .processor : nil
  }
}
