internal import ImagineGraph
internal import ImagineVulkan

/// The graphics card that an automatic choice tries first.
struct AutomaticCard {
  /// For people to read.
  let name: String
  let open: (EngineSettings) throws -> OpenedDevice

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
  /// - Throws: `EngineError`; the card's own where only a card can do what the settings say.
  static func automatic(_ settings: EngineSettings, card: AutomaticCard?) throws -> OpenedDevice {
    guard let card else { return try processor(settings) }
    do { return try card.open(settings) } catch let failure as EngineError {
      if settings.tier != nil || settings.precision == .float16 { throw failure }
      var device = try processor(settings)
      device.notice = "The processor computes, since \(card.name) cannot be used: \(failure.message)"
      return device
    }
  }
}
