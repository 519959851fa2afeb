@testable import Imagine
@testable import ImagineEngine

extension Pipeline {
  /// A pipeline on a device that a test has opened.
  ///
  /// - Parameters:
  ///   - freeMemory: bytes of the processor's memory that can be had; nil where that is not known.
  ///   - residentMemory: bytes of it that the process has.
  ///   - networkBytes: what one network should not exceed with little memory; nil as usual.
  ///   - large: which networks do not stay in memory; nil as usual.
  convenience init(
    _ opened: OpenedModel, _ options: Options = Options(), on device: OpenedDevice,
    freeMemory: @escaping @Sendable () -> Int? = SystemMemory.free,
    residentMemory: @escaping @Sendable () -> Int? = SystemMemory.resident, networkBytes: Int? = nil,
    large: LargeNetworks? = nil
  ) async throws {
    var settings = options.settings
    settings.memory.free = freeMemory
    settings.memory.resident = residentMemory
    settings.memory.networkBytes = networkBytes ?? settings.memory.networkBytes
    settings.memory.large = large ?? settings.memory.large
    try await self.init(opened, on: Engine(ModelEngine(settings, on: device)))
  }
}
