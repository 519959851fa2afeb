/// A part of drawing that falls back by itself.
enum Stage: Sendable, Hashable, CaseIterable {
  case text, denoising, decoding

  /// The network that does it, for people to read.
  var network: String {
    switch self {
    case .text: "text encoder"
    case .denoising: "UNet"
    case .decoding: "decoder"
    }
  }
}

/// How a stage is computed at present.
struct Footing: Sendable, Hashable {
  enum Place: Sendable, Hashable {
    /// What was chosen to compute.
    case device
    /// The processor, in place of another device.
    case processor
  }

  var place = Place.device
  /// Whether the other networks make room first.
  var isAlone = false
  /// Whether the UNet runs for the two prompts of guidance one after the other.
  var splitsGuidance = false
  /// Latent positions along one side of a tile; nil decodes the picture as a whole.
  var tile: Int?
  /// Whether it computes in 32-bit floats, whatever was chosen.
  var isWide = false

  /// The footing after a step down.
  func stepping(_ rung: Rung) -> Footing {
    var next = self
    switch rung {
    case .alone: next.isAlone = true
    case .splitGuidance: next.splitsGuidance = true
    case .tiles(let size): next.tile = size
    case .wide: next.isWide = true
    case .reopening: break
    case .processor:
      // What the device could not do says nothing about the processor; that a format is too narrow does.
      next = Footing(place: .processor)
      next.isWide = isWide
    }
    return next
  }
}

/// A step down: what is given up so that the picture is drawn all the same.
enum Rung: Sendable, Hashable {
  /// The networks share the memory in turn.
  case alone
  /// Guidance in two passes.
  case splitGuidance
  /// Decoding in tiles of so many latent positions a side.
  case tiles(Int)
  /// Computing in 32-bit floats.
  case wide
  /// The device opened anew, with smaller portions of work.
  case reopening
  case processor
}
