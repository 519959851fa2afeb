import ImagineCPU
import ImagineEngineTesting
import ImagineGraph
import Synchronization

@testable import ImagineEngine

/// An engine on a card that fails as told, with the processor behind it.
struct FailingCard {
  let device: FailingBackend
  let engine: ModelEngine
  /// The card as it was opened after the first loss.
  let reopened = Reopened()

  final class Reopened: Sendable {
    let device = Mutex<FailingBackend?>(nil)
  }

  init(
    _ settings: EngineSettings = EngineSettings(), precision: Precision = .float32, comesBack: Bool = true,
    onPlan: @escaping @Sendable (FailingBackend.Call) -> BackendFailureKind? = { _ in nil },
    onRun: @escaping @Sendable (FailingBackend.Call) -> FailingBackend.Fault? = { _ in nil }
  ) throws {
    let ours = try CPUBackend(threads: 2), reopened = reopened
    device = FailingBackend(ours, onPlan: onPlan, onRun: onRun)
    var opened = OpenedDevice(device, name: "a card for tests", preferredPrecision: precision)
    if comesBack {
      opened.reopen = {
        let device = FailingBackend(ours)
        reopened.device.withLock { $0 = device }
        return OpenedDevice(device, name: "again", preferredPrecision: precision)
      }
    }
    opened.openProcessor = { OpenedDevice(ours, name: "the processor", preferredPrecision: .float32) }
    var settings = settings
    // Opening and planning in any precision is the card's own matter; it computes in 32 bits.
    settings.precision = precision
    engine = try ModelEngine(settings, on: opened)
  }

  /// The graphs that were planned, by what they are for.
  var texts: Int { device.plans.filter(\.isText).count }
  var denoisers: Int { device.plans.filter(\.isUNet).count }
  var decoders: Int { device.plans.filter(\.isWholeDecoder).count }
}
