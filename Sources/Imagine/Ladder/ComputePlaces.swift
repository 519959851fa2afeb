internal import ImagineGraph

/// What can compute: the chosen device, and the processor behind it.
struct ComputePlaces {
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
  func isProcessor(_ place: Footing.Place) -> Bool { place == .processor || !hasProcessor }

  /// Whether the device may be opened once more.
  var canReopen: Bool { reopen != nil && reopenings == 0 }

  /// Whether the device is gone for good.
  var isDeviceLost: Bool { device == nil }

  /// What a place computes in, unless it has to be wider.
  ///
  /// The processor computes in what was chosen where it can, else in what it prefers.
  private func precision(_ opened: OpenedDevice, _ place: Footing.Place) -> Precision {
    place == .device || chosen != .float16 ? chosen : opened.preferredPrecision
  }

  /// What computes for a footing, and in what. The processor is opened when it is first needed.
  mutating func opened(for footing: Footing) throws -> (backend: any Backend, precision: Precision) {
    let opened = try opened(footing.place)
    return (opened.backend, footing.isWide ? .float32 : precision(opened, footing.place))
  }

  private mutating func opened(_ place: Footing.Place) throws -> OpenedDevice {
    if place == .device, let device { return device }
    if let processor { return processor }
    guard let openProcessor else {
      throw ImagineError(.deviceFailed, "The device was lost; start again, or choose another device (--device cpu).")
    }
    let opened = try openProcessor()
    processor = opened
    return opened
  }

  /// Forgets the device, on which nothing is left.
  mutating func loseDevice() { device = nil }

  /// Opens the lost device once more; nothing must be left that was on it.
  ///
  /// - Returns: whether that worked; otherwise it stays lost.
  mutating func reopenDevice() -> Bool {
    device = nil
    reopenings += 1
    device = try? reopen?()
    return device != nil
  }
}
