internal import ImagineEngine

/// What a request will take, stage by stage, as planned before any weight is read.
public struct RequestEstimate: Sendable, Hashable, Encodable {
  /// One network at work.
  public struct Stage: Sendable, Hashable, Encodable {
    /// The network's, such as `text encoder`, `UNet` or `decoder`.
    public let name: String
    /// Bytes of the network's weights in memory. What passes through from the file at each use is not among them.
    public let weightBytes: Int
    /// Bytes of weights that have no room on a graphics card, stay in the machine's memory and are copied over at each use.
    public let copiedBytes: Int
    /// Bytes for everything between the weights and the result, what passes through included.
    public let workingBytes: Int
    /// The most memory while the stage is at work, in bytes: of the process with the program, its libraries, and what earlier
    /// stages have left; or of the card, with what these have left there.
    public let peakBytes: Int
    /// Floating-point operations of one run; of a step for the UNet, of the whole picture for the decoder.
    public let flops: Double
  }

  public let size: Size
  public let device: String
  /// The number format, such as `bf16`.
  public let precision: String
  public let stages: [Stage]
  /// Whether these are a graphics card's memory; else they are the process's.
  public let isCard: Bool
  /// Whether the networks make room for each other.
  public let takesTurns: Bool
  /// Whether something does not fit a graphics card in any way that is foreseen: it is done in parts, or by the processor.
  public let exceedsCard: Bool
  /// Whether weights stay in the file as far as they do not fit; see `LowMemory`.
  public let usesLowMemory: Bool
  /// Whether the picture is decoded in tiles.
  public let usesTiles: Bool
  /// The most memory at any time, in bytes.
  public let peakBytes: Int
  /// Bytes that can still be had for it; nil where that is not known.
  public let freeBytes: Int?

  init(_ forecast: MemoryForecast, size: Size, device: String, precision: Precision, freeBytes: Int?) {
    self.size = size
    self.device = device
    self.precision = precision.rawValue
    stages = forecast.stages.map {
      Stage(
        name: $0.name, weightBytes: $0.weightBytes, copiedBytes: 0, workingBytes: $0.workingBytes,
        peakBytes: $0.peakBytes, flops: $0.flops)
    }
    isCard = false
    takesTurns = forecast.policy.takesTurns
    exceedsCard = false
    usesLowMemory = forecast.policy.savesMemory
    usesTiles = forecast.policy.decodesInTiles
    peakBytes = forecast.peakBytes
    self.freeBytes = freeBytes
  }

  init(_ forecast: CardForecast, size: Size, device: String, precision: Precision) {
    self.size = size
    self.device = device
    self.precision = precision.rawValue
    stages = zip(forecast.stages, forecast.copiedBytes).map {
      Stage(
        name: $0.name, weightBytes: $0.weightBytes, copiedBytes: $1, workingBytes: $0.workingBytes,
        peakBytes: $0.peakBytes, flops: $0.flops)
    }
    isCard = true
    takesTurns = forecast.way != .together
    exceedsCard = forecast.way == .beyond
    usesLowMemory = false
    usesTiles = false
    peakBytes = forecast.peakBytes
    freeBytes = forecast.freeBytes
  }
}
