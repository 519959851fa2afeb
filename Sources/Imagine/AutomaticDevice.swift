internal import ImagineVulkan

/// The graphics card that `Device.automatic` tries first.
struct AutomaticCard {
  /// For people to read.
  let name: String
  let open: (Pipeline.Options) throws -> OpenedDevice

  /// The best that can be used with Vulkan; nil if there is none, or no Vulkan.
  static func best() -> AutomaticCard? {
    guard let instance = try? VulkanInstance(), let devices = try? instance.physicalDevices(),
      let index = devices.firstIndex(where: { $0.passedOver == nil })
    else { return nil }
    return AutomaticCard(name: devices[index].name) { try OpenedDevice.vulkan("\(index)", $0, in: instance) }
  }
}

extension OpenedDevice {
  /// The card; without one, or if it turns out not to work, the processor, with a word on why.
  ///
  /// - Throws: `ImagineError`; the card's own where only a card can do what the options say.
  static func automatic(_ options: Pipeline.Options, card: AutomaticCard?) throws -> OpenedDevice {
    guard let card else { return try processor(options) }
    do { return try card.open(options) } catch let failure as ImagineError {
      if options.vulkanTier != nil || options.precision == .float16 { throw failure }
      var device = try processor(options)
      device.notice = "The processor computes, since \(card.name) cannot be used: \(failure.message)"
      return device
    }
  }
}

extension VulkanPhysicalDevice {
  /// Graphics cards move 16 bits twice as fast as 32; software drivers compute in 32 bits and convert.
  var preferredPrecision: Precision { kind.isGraphicsCard ? .float16 : .float32 }
}
