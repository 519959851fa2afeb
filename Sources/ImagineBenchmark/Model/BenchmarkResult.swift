package import Imagine

/// What a benchmark has measured. Times are in seconds.
package struct BenchmarkResult: Sendable, Encodable {
  /// The model's short name.
  package let model: String
  /// What computed.
  package let device: String
  package let precision: Precision
  package let size: Size
  /// What the device reaches in operations that ask one thing of it only.
  package let ceiling: DeviceCeiling
  /// Each network alone, of those asked for.
  package let stages: [Stage]
  /// Nil unless asked for.
  package let picture: Picture?
  /// What a person who draws would have been told, such as that another device had to stand in.
  package let notices: [String]
  /// The most memory of the processor that this process has had at once; a graphics card's own is not in it.
  package let peakResidentBytes: Int

  /// One network, run by itself.
  package struct Stage: Sendable, Encodable {
    /// Such as `UNet, one step`.
    package let name: String
    package let timing: Timing
    /// Meanwhile; nil without tile registers.
    package let tiles: TileState?
    /// Floating-point operations of its products.
    package let flops: Double
    /// The least it has to move to and from memory.
    package let bytes: Double
    /// The shortest time possible under the device's ceiling, one operation after another, each computed as it is defined.
    /// Algorithms that need fewer products, such as Winograd's for convolutions, can take less.
    package let roofSeconds: Double
    /// From the traced network to its first result: reading and packing weights, choosing kernels.
    package let preparation: Double
    /// Held on the device.
    package let weightBytes: Int
    /// Of values between operations, on the device.
    package let workingBytes: Int
    /// Nil unless asked for.
    package let profile: Profile?
    /// Why the profile that was asked for is not there.
    package let profileObstacle: String?
  }

  /// A whole picture, from words to pixels.
  package struct Picture: Sendable, Encodable {
    package let steps: Int
    /// The first one, with opening the model, reading its weights and planning.
    package let coldSeconds: Double
    /// Those after it.
    package let timing: Timing
    /// Meanwhile; nil without tile registers.
    package let tiles: TileState?
  }

  /// Where the time of a network goes.
  package struct Profile: Sendable, Encodable {
    /// All operations together. They are measured one at a time, so this may be more than the network takes.
    package let seconds: Double
    /// By kind, the most expensive first.
    package let kinds: [Kind]
    /// Operations of one kind and the same shapes together, the most expensive first.
    package let operations: [Operation]
  }

  /// All operations of a kind.
  package struct Kind: Sendable, Encodable {
    /// Such as `conv2d`.
    package let name: String
    package let count: Int
    package let seconds: Double
    package let flops: Double
    package let bytes: Double
    /// The shortest time possible under the device's ceiling.
    package let roofSeconds: Double
  }

  /// Operations of one kind and the same shapes.
  package struct Operation: Sendable, Encodable {
    package let name: String
    /// The weight path of the first one's layer.
    package let scope: String
    package let count: Int
    /// Such as `[2, 64, 64, 320] x [320, 320, 3, 3] -> [2, 64, 64, 320]`.
    package let shapes: String
    /// Of all of them, as are operations and bytes.
    package let seconds: Double
    package let flops: Double
    package let bytes: Double
    package let roofSeconds: Double
  }
}
