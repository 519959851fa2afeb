/// What a benchmark has measured. Times are in seconds.
public struct BenchmarkResult: Sendable, Encodable {
  /// The model's short name.
  public let model: String
  /// What computed.
  public let device: String
  public let precision: Precision
  public let size: Size
  /// What the device reaches in operations that ask one thing of it only.
  public let ceiling: DeviceCeiling
  /// Each network alone, of those asked for.
  public let stages: [Stage]
  /// Nil unless asked for.
  public let picture: Picture?
  /// What a person who draws would have been told, such as that another device had to stand in.
  public let notices: [String]
  /// The most memory of the processor that this process has had at once; a graphics card's own is not in it.
  public let peakResidentBytes: Int

  /// One network, run by itself.
  public struct Stage: Sendable, Encodable {
    /// Such as `UNet, one step`.
    public let name: String
    public let timing: Timing
    /// Floating-point operations of its products.
    public let flops: Double
    /// The least it has to move to and from memory.
    public let bytes: Double
    /// The shortest time possible under the device's ceiling, one operation after another, each computed as it is defined.
    /// Algorithms that need fewer products, such as Winograd's for convolutions, can take less.
    public let roofSeconds: Double
    /// From the traced network to its first result: reading and packing weights, choosing kernels.
    public let preparation: Double
    /// Held on the device.
    public let weightBytes: Int
    /// Of values between operations, on the device.
    public let workingBytes: Int
    /// Nil unless asked for.
    public let profile: Profile?
    /// Why the profile that was asked for is not there.
    public let profileObstacle: String?
  }

  /// A whole picture, from words to pixels.
  public struct Picture: Sendable, Encodable {
    public let steps: Int
    /// The first one, with opening the model, reading its weights and planning.
    public let coldSeconds: Double
    /// Those after it.
    public let timing: Timing
  }

  /// Where the time of a network goes.
  public struct Profile: Sendable, Encodable {
    /// All operations together. They are measured one at a time, so this may be more than the network takes.
    public let seconds: Double
    /// By kind, the most expensive first.
    public let kinds: [Kind]
    /// Operations of one kind and the same shapes together, the most expensive first.
    public let operations: [Operation]
  }

  /// All operations of a kind.
  public struct Kind: Sendable, Encodable {
    /// Such as `conv2d`.
    public let name: String
    public let count: Int
    public let seconds: Double
    public let flops: Double
    public let bytes: Double
    /// The shortest time possible under the device's ceiling.
    public let roofSeconds: Double
  }

  /// Operations of one kind and the same shapes.
  public struct Operation: Sendable, Encodable {
    public let name: String
    /// The weight path of the first one's layer.
    public let scope: String
    public let count: Int
    /// Such as `[2, 64, 64, 320] x [320, 320, 3, 3] -> [2, 64, 64, 320]`.
    public let shapes: String
    /// Of all of them, as are operations and bytes.
    public let seconds: Double
    public let flops: Double
    public let bytes: Double
    public let roofSeconds: Double
  }
}

extension Precision: Encodable {}

extension Size: Encodable {
  /// As `512x768`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
