/// How a network is run at present.
struct RunMode: Sendable, Hashable {
  enum Place: Sendable, Hashable {
    /// What was chosen to compute.
    case device
    /// The processor, in place of another device.
    case processor
  }

  var place = Place.device
  /// Whether the other networks make room first.
  var isAlone = false
  /// Whether the denoiser runs for the two prompts of guidance one after the other.
  var splitsGuidance = false
  /// Whether weights that have no room on the device stay in the machine's memory and are copied over at each use.
  var passesWeights = false
  /// Latent positions along one side of a tile; nil decodes or encodes the picture as a whole.
  var tile: Int?
  /// Whether it computes in 32-bit floats, whatever was chosen.
  var isWide = false

  /// The mode after a step down.
  func after(_ fallback: Fallback) -> RunMode {
    var next = self
    switch fallback {
    case .alone: next.isAlone = true
    case .splitGuidance: next.splitsGuidance = true
    case .passingWeights:
      next.passesWeights = true
      // Weights that are copied twice for each step take longer than values that have room now.
      next.splitsGuidance = false
    case .tiles(let size): next.tile = size
    case .wide: next.isWide = true
    case .otherModels, .reopening: break
    case .processor:
      // What the device could not do says nothing about the processor; that a format is too narrow does.
      next = RunMode(place: .processor)
      next.isWide = isWide
    }
    return next
  }
}

/// A step down: what is given up so that the picture is drawn all the same.
enum Fallback: Sendable, Hashable {
  /// Other models let go of their memory, this once.
  case otherModels
  /// The networks share the memory in turn.
  case alone
  /// Guidance in two passes.
  case splitGuidance
  /// Weights in the machine's memory, copied to the device at each use.
  case passingWeights
  /// Decoding or encoding in tiles of so many latent positions a side.
  case tiles(Int)
  /// Computing in 32-bit floats.
  case wide
  /// The device opened anew, with smaller portions of work.
  case reopening
  case processor
}
