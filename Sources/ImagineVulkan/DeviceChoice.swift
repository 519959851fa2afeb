import CVulkan

/// What a device is chosen by.
package struct DeviceCandidate: Sendable, Hashable {
  package var kind: VulkanPhysicalDevice.Kind
  /// For people to read.
  package var driver: String
  /// `VkDriverId`.
  package var driverID: UInt32
  /// The same for one piece of hardware under several drivers; empty or zeros where the driver does not tell.
  package var hardware: [UInt8]
  package var obstacle: String?

  package init(
    _ kind: VulkanPhysicalDevice.Kind, driver: String, driverID: UInt32, hardware: [UInt8], obstacle: String? = nil
  ) {
    self.kind = kind
    self.driver = driver
    self.driverID = driverID
    self.hardware = hardware
    self.obstacle = obstacle
  }
}

/// A device's place among those of a machine.
package struct DeviceRank: Sendable, Hashable {
  /// In the list that was ranked.
  package let index: Int
  /// Why it is taken only by who asks for it, as a clause; nil if it can be the one that is chosen by itself.
  package let passedOver: String?
}

extension DeviceCandidate {
  /// The best first: cards before what is part of a processor before what a machine lends, and software last; behind them
  /// drivers that another one outdoes, and last what cannot be used.
  package static func ranked(_ candidates: [DeviceCandidate]) -> [DeviceRank] {
    let reasons = candidates.indices.map { candidates[$0].demotion(of: $0, among: candidates) }
    let order = candidates.indices.sorted { left, right in
      func key(_ index: Int) -> (Int, Int, VulkanPhysicalDevice.Kind, Int) {
        (candidates[index].obstacle == nil ? 0 : 1, reasons[index] == nil ? 0 : 1, candidates[index].kind, index)
      }
      return key(left) < key(right)
    }
    return order.map { index in
      let candidate = candidates[index]
      return DeviceRank(index: index, passedOver: candidate.obstacle ?? reasons[index] ?? candidate.kind.reserve)
    }
  }

  /// Why another driver is preferred to this one; nil if none is.
  private func demotion(of index: Int, among candidates: [DeviceCandidate]) -> String? {
    if translates { return "its driver translates to Direct3D 12, which is known to hang" }
    guard obstacle == nil, hardware.contains(where: { $0 != 0 }) else { return nil }
    let better = candidates.indices.filter { other in
      let candidate = candidates[other]
      return other != index && candidate.hardware == hardware && candidate.obstacle == nil && !candidate.translates
        && (candidate.driverPreference, other) < (driverPreference, index)
    }
    let best = better.min { (candidates[$0].driverPreference, $0) < (candidates[$1].driverPreference, $1) }
    return best.map { "it is the same device as through the driver \(candidates[$0].driver)" }
  }

  private var translates: Bool { driverID == 23 /* VK_DRIVER_ID_MESA_DOZEN */ }

  /// The less the better, of drivers for the same hardware.
  private var driverPreference: Int {
    switch driverID {
    case VK_DRIVER_ID_MESA_RADV.rawValue, VK_DRIVER_ID_INTEL_OPEN_SOURCE_MESA.rawValue,
      VK_DRIVER_ID_NVIDIA_PROPRIETARY.rawValue:
      0
    case VK_DRIVER_ID_AMD_PROPRIETARY.rawValue: 2
    default: 1
    }
  }
}

extension VulkanPhysicalDevice.Kind {
  /// Whether it computes beside the processor and not on it.
  package var isGraphicsCard: Bool {
    switch self {
    case .discrete, .integrated, .virtual: true
    case .cpu, .other: false
    }
  }

  /// Why devices of this kind are not taken by themselves; nil if they are.
  fileprivate var reserve: String? {
    switch self {
    case .discrete, .integrated, .virtual: nil
    case .cpu: "it is the processor, which is faster without a graphics driver"
    case .other: "its driver does not say that it is a graphics card"
    }
  }
}

extension VulkanInstance {
  /// All devices, the best first, and those behind them that are passed over or cannot be used.
  package func physicalDevices() throws(VulkanError) -> [VulkanPhysicalDevice] {
    var count: UInt32 = 0
    try check(functions.vkEnumeratePhysicalDevices(handle, &count, nil), "looking for devices")
    var handles = [VkPhysicalDevice?](repeating: nil, count: Int(count))
    try check(functions.vkEnumeratePhysicalDevices(handle, &count, &handles), "looking for devices")
    let devices = handles.prefix(Int(count)).compactMap { $0 }.map { VulkanPhysicalDevice($0, functions) }
    return DeviceCandidate.ranked(devices.map(\.candidate)).map { rank in
      var device = devices[rank.index]
      device.passedOver = rank.passedOver
      return device
    }
  }
}

extension VulkanPhysicalDevice {
  fileprivate var candidate: DeviceCandidate {
    DeviceCandidate(kind, driver: driver, driverID: driverID, hardware: hardware, obstacle: obstacle)
  }
}
