internal import Foundation
internal import ImagineCPU
internal import ImagineEngine
internal import ImagineVulkan

/// A device of this machine, for people to read.
public struct DeviceDescription: Sendable, Hashable {
  /// How to ask for it.
  public let device: Device
  /// The product's name, such as `AMD EPYC 7763`.
  public let name: String
  /// What of its abilities matters here, such as `AVX2, FMA` or `discrete GPU`.
  public let features: [String]
  /// Threads used unless told otherwise; nil for devices that are not the processor.
  public let threads: Int?
  /// Bytes of its own memory; nil for the processor.
  public let memory: Int?
  /// Name and version of the driver; nil for the processor.
  public let driver: String?
  /// The number format used unless told otherwise.
  public let defaultPrecision: Precision
  /// How it can multiply, the simplest first; empty for the processor.
  public let tiers: [VulkanTier]
  /// The one of these used unless told otherwise; nil for the processor.
  public let defaultTier: VulkanTier?
  /// Why it cannot be used, as a clause such as `it cannot store 16-bit numbers`; nil if it can.
  public let obstacle: String?
  /// Why `Device.automatic` does not take it, as a clause; nil if it would, for want of a better one.
  public let passedOver: String?

  /// The devices of this machine, the one `automatic` takes first.
  ///
  /// A machine without Vulkan has the processor alone. Looking loads the graphics drivers into this process, and a driver that
  /// crashes then takes it along; see `processor()`.
  /// - Throws: `ImagineError` if the processor cannot be used.
  public static func all() throws -> [DeviceDescription] {
    let processor = try processor()
    let others = (try? VulkanInstance().physicalDevices()) ?? []
    let cards = others.enumerated().map { DeviceDescription($1, number: $0) }
    return cards.filter { $0.passedOver == nil } + [processor]
      + cards.filter { $0.passedOver != nil }
  }

  /// The processor alone: no graphics driver is looked at.
  ///
  /// - Throws: `ImagineError` if it cannot be used.
  public static func processor() throws -> DeviceDescription {
    DeviceDescription(
      try ImagineError.translating { try CPUBackend(environment: ProcessInfo.processInfo.environment).capabilities })
  }

  private init(_ processor: CPUCapabilities) {
    device = .cpu
    name = processor.name
    let limit = processor.isLimited ? ["limited by \(CPUFeatureLimit.variable)"] : []
    features = processor.features.names + limit
    threads = processor.threads
    memory = nil
    driver = nil
    defaultPrecision = Precision(processor.preferredPrecision)
    tiers = []
    defaultTier = nil
    obstacle = nil
    passedOver = nil
  }

  private init(_ physical: VulkanPhysicalDevice, number: Int) {
    device = .vulkan("\(number)")
    name = physical.name
    features = [physical.kind.words] + (physical.traits.matrixUnits.map { [$0.words] } ?? [])
    threads = nil
    memory = Int(clamping: physical.memory)
    driver = physical.driver
    defaultPrecision = Precision(physical.preferredPrecision)
    tiers = physical.tiers.map(VulkanTier.init)
    defaultTier = VulkanTier(physical.defaultTier)
    obstacle = physical.obstacle
    passedOver = physical.passedOver
  }
}

extension VulkanPhysicalDevice.Kind {
  fileprivate var words: String {
    switch self {
    case .discrete: "discrete GPU"
    case .integrated: "integrated GPU"
    case .virtual: "virtual GPU"
    case .cpu: "the processor, through a software driver"
    case .other: "of a kind of its own"
    }
  }
}

extension MatrixUnits {
  /// Such as `matrices of 16x16x16`.
  fileprivate var words: String {
    "matrices of \(matrix.rows)x\(matrix.columns)x\(matrix.depth)" + (converts ? ", converted in registers" : "")
  }
}
