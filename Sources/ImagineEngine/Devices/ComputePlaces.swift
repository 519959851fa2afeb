internal import ImagineGraph
internal import ImagineModels

/// What can compute: the chosen device, and the processor behind it. All models of an engine share it.
final class ComputePlaces {
  private var device: OpenedDevice?
  private var processor: OpenedDevice?
  private let reopen: (@Sendable () throws -> OpenedDevice)?
  private let openProcessor: (@Sendable () throws -> OpenedDevice)?
  private let chosen: Precision
  /// How often the device was opened before.
  private(set) var reopenings = 0

  /// - Parameter chosen: what the device computes in.
  init(_ device: OpenedDevice, precision chosen: Precision) {
    self.device = device
    self.chosen = chosen
    reopen = device.reopen
    openProcessor = device.openProcessor
  }

  /// Whether the processor is another place than the device.
  var hasProcessor: Bool { openProcessor != nil }

  /// Whether values of a place are in the processor's memory.
  func isProcessor(_ place: RunMode.Place) -> Bool { place == .processor || !hasProcessor }

  /// Whether the device can use weights in the machine's memory.
  var canPassWeights: Bool { (device?.backend as? any DeviceMemoryBackend)?.passingWeights != nil }

  /// Whether a network's weights alone are more than the device has memory.
  func weightsExceedDevice(_ network: Network, _ shape: NetworkShape) throws -> Bool {
    guard let device, let backend = device.backend as? any DeviceMemoryBackend, let available = backend.availableMemory
    else { return false }
    return try backend.memoryNeeds(of: network.graph(shape, chosen)).weightBytes > available
  }

  /// Whether the device may be opened once more.
  var canReopen: Bool { reopen != nil && reopenings == 0 }

  /// Whether the device is gone for good.
  var isDeviceLost: Bool { device == nil }

  /// What a place computes in, unless it has to be wider.
  ///
  /// The processor computes in what was chosen where it can, else in what it prefers.
  private func precision(_ opened: OpenedDevice, _ place: RunMode.Place) -> Precision {
    place == .device || chosen != .float16 ? chosen : opened.preferredPrecision
  }

  /// What computes in a mode, and in what. The processor is opened when it is first needed, and computes what the device
  /// would once that is gone.
  func opened(for mode: RunMode) throws -> (backend: any Backend, precision: Precision) {
    let place = isDeviceLost ? .processor : mode.place
    let opened = try opened(place)
    let passing = mode.passesWeights ? (opened.backend as? any DeviceMemoryBackend)?.passingWeights : nil
    return (passing ?? opened.backend, mode.isWide ? .float32 : precision(opened, place))
  }

  private func opened(_ place: RunMode.Place) throws -> OpenedDevice {
    if place == .device, let device { return device }
    if let processor { return processor }
    guard let openProcessor else {
      throw EngineError(
        .deviceFailed, "The device was lost; start again, or choose another device.", remedies: [.processor])
    }
    let opened = try openProcessor()
    processor = opened
    return opened
  }

  /// Forgets the device, on which nothing is left.
  func loseDevice() { device = nil }

  /// Opens the lost device once more; nothing must be left that was on it.
  ///
  /// - Returns: whether that worked; otherwise it stays lost.
  func reopenDevice() -> Bool {
    device = nil
    reopenings += 1
    device = try? reopen?()
    return device != nil
  }
}
