internal import ImagineCPU

/// What computes.
public enum Device: String, Sendable, Hashable, CaseIterable {
  /// The best there is; on this version always the CPU.
  case automatic = "auto"
  /// The processor.
  case cpu
}

/// The number format a model computes in.
public enum Precision: String, Sendable, Hashable, CaseIterable {
  /// 32-bit floats: the reference, and fastest where the processor has nothing smaller.
  case float32 = "f32"
  /// 16-bit brain floats, accumulated in 32 bits: half the memory, and faster where the processor has them.
  case bfloat16 = "bf16"
}

/// A device of this machine, for people to read.
public struct DeviceDescription: Sendable, Hashable {
  public let device: Device
  /// The product's name, such as `AMD EPYC 7763`.
  public let name: String
  /// What of its abilities matters here, such as `AVX2, FMA`.
  public let features: [String]
  /// Threads used unless told otherwise.
  public let threads: Int
  /// The number format used unless told otherwise.
  public let defaultPrecision: Precision

  /// The devices of this machine, the one `automatic` takes first.
  ///
  /// - Throws: `ImagineError` if the processor cannot be used.
  public static func all() throws -> [DeviceDescription] {
    let processor = try ImagineError.translating { try CPUBackend().capabilities }
    return [
      DeviceDescription(
        device: .cpu, name: processor.name, features: processor.features.names, threads: processor.threads,
        defaultPrecision: processor.preferredPrecision)
    ]
  }
}

extension CPUCapabilities {
  /// Brain floats where products of them run in hardware.
  var preferredPrecision: Precision { hasNativeBFloat16 ? .bfloat16 : .float32 }
}
