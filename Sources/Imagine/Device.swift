import Foundation

/// What computes.
public enum Device: Sendable, Hashable, LosslessStringConvertible {
  /// A graphics card that can be used with Vulkan, the best if there are several, else the CPU. Software drivers for
  /// Vulkan, which compute on the CPU, are never taken.
  ///
  /// Looking for cards loads their drivers into this process; `cpu` loads none.
  case automatic
  /// The processor.
  case cpu
  /// A device with Vulkan: the one with this number or a part of this name in `DeviceDescription.all()`; nil takes the
  /// first.
  case vulkan(String?)

  /// Reads `auto`, `cpu`, `vulkan`, `vulkan:1`, or a part of a device's name.
  ///
  /// Whether there is such a device shows when it is opened. Nil for empty text before or after a colon.
  public init?(_ description: String) {
    let words = description.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      .map { $0.trimmingCharacters(in: .whitespaces) }
    guard let first = words.first, !words.contains("") else { return nil }
    switch (first.lowercased(), words.count) {
    case ("auto", 1): self = .automatic
    case ("cpu", 1): self = .cpu
    case ("vulkan", 1): self = .vulkan(nil)
    case ("vulkan", _): self = .vulkan(words[1])
    default: self = .vulkan(description)
    }
  }

  public var description: String {
    switch self {
    case .automatic: "auto"
    case .cpu: "cpu"
    case .vulkan(nil): "vulkan"
    case .vulkan(let choice?): "vulkan:\(choice)"
    }
  }
}

/// How a device with Vulkan multiplies; each device has some of these.
public enum VulkanTier: String, Sendable, Hashable, CaseIterable {
  /// Small tiles: what every device has, and best for software drivers.
  case t0
  /// Large tiles, for graphics cards without matrix units.
  case t1
  /// Matrix units, which compute in `Precision.float16`; other formats are computed as by `t1`.
  case t2
}

/// The number format a model computes in.
public enum Precision: String, Sendable, Hashable, CaseIterable {
  /// 32-bit floats: the reference, and fastest where the processor has nothing smaller.
  case float32 = "f32"
  /// 16-bit floats, accumulated in 32 bits: for graphics cards; the processor does not compute in them.
  case float16 = "f16"
  /// 16-bit brain floats, accumulated in 32 bits: half the memory, and faster where the processor has them.
  case bfloat16 = "bf16"
}
