internal import Foundation
internal import ImagineEngine
package import ImagineGraph
internal import ImagineVulkan

/// What computes.
public struct Device: Sendable, Hashable, LosslessStringConvertible {
  let choice: ComputeDevice

  /// A graphics card that can be used with Vulkan, the best if there are several, else the CPU. Software drivers for
  /// Vulkan, which compute on the CPU, are never taken.
  ///
  /// Looking for cards loads their drivers into this process; `cpu` loads none.
  public static let automatic = Device(choice: .automatic)
  /// The processor.
  public static let cpu = Device(choice: .processor)
  /// The first device with Vulkan.
  public static let vulkan = Device(choice: .vulkan(nil))

  /// A device with Vulkan: the one with this number or a part of this name in `DeviceDescription.all()`.
  public static func vulkan(_ choice: String) -> Device { Device(choice: .vulkan(choice)) }

  init(choice: ComputeDevice) { self.choice = choice }

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
    case ("vulkan", 1): self = .vulkan
    case ("vulkan", _): self = .vulkan(words[1])
    default: self = .vulkan(description)
    }
  }

  public var description: String {
    switch choice {
    case .automatic: "auto"
    case .processor: "cpu"
    case .vulkan(nil): "vulkan"
    case .vulkan(let choice?): "vulkan:\(choice)"
    }
  }
}

/// How a device with Vulkan multiplies; each device has some of these.
public struct VulkanTier: RawRepresentable, Sendable, Hashable, CaseIterable {
  let tier: ImagineVulkan.VulkanTier

  /// Small tiles: what every device has, and best for software drivers.
  public static let t0 = VulkanTier(.t0)
  /// Large tiles, for graphics cards without matrix units.
  public static let t1 = VulkanTier(.t1)
  /// Matrix units, which compute in `Precision.float16`; other formats are computed as by `t1`.
  public static let t2 = VulkanTier(.t2)

  /// The simplest first.
  public static var allCases: [VulkanTier] { ImagineVulkan.VulkanTier.all.map(VulkanTier.init) }

  init(_ tier: ImagineVulkan.VulkanTier) { self.tier = tier }

  /// Nil for a name that this version does not know.
  public init?(rawValue: String) {
    guard let tier = ImagineVulkan.VulkanTier.all.first(where: { $0.name == rawValue }) else { return nil }
    self.init(tier)
  }

  /// The name, such as `t1`.
  public var rawValue: String { tier.name }
}

/// The number format a model computes in.
public struct Precision: RawRepresentable, Sendable, Hashable, CaseIterable, Encodable {
  /// 32-bit floats: the reference, and fastest where the processor has nothing smaller.
  public static let float32 = Precision(.float32)
  /// 16-bit floats, accumulated in 32 bits: for graphics cards; the processor does not compute in them.
  public static let float16 = Precision(.float16)
  /// 16-bit brain floats, accumulated in 32 bits: half the memory, and faster where the processor has them.
  public static let bfloat16 = Precision(.bfloat16)

  public static let allCases = [float32, float16, bfloat16]

  package let graph: ImagineGraph.Precision

  package init(_ graph: ImagineGraph.Precision) { self.graph = graph }

  /// Nil for a name that this version does not know.
  public init?(rawValue: String) {
    guard let known = Self.allCases.first(where: { $0.rawValue == rawValue }) else { return nil }
    self = known
  }

  /// The name, such as `bf16`.
  public var rawValue: String { graph.name }
}
