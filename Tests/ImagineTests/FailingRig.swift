import ImagineCPU
import ImagineEngineTesting
import ImagineGraph
import Synchronization
import Testing

@testable import Imagine
@testable import ImagineEngine

/// Runs the tiny model on a failing device, and what there is to see of it.
struct FailingRig {
  let device: FailingBackend
  let processor: FailingBackend
  /// The devices that were opened after the first was lost.
  let reopened = Reopened()
  let pipeline: Pipeline

  final class Reopened: Sendable {
    let devices = Mutex<[FailingBackend]>([])
  }

  /// - Parameters:
  ///   - base: what computes in the device's place; the processor unless given.
  ///   - reopened: the same after the device was lost.
  init(
    on base: (any Backend)? = nil,
    precision: Imagine.Precision = .float32, tiling: VAETiling = .automatic, hasProcessor: Bool = true,
    freeMemory: Int? = nil, onPlan: @escaping @Sendable (FailingBackend.Call) -> BackendFailureKind? = { _ in nil },
    onRun: @escaping @Sendable (FailingBackend.Call) -> FailingBackend.Fault? = { _ in nil },
    onRunAfterLoss: @escaping @Sendable (FailingBackend.Call) -> FailingBackend.Fault? = { _ in nil },
    reopened next: (@Sendable () throws -> any Backend)? = nil
  ) async throws {
    let ours = try CPUBackend(threads: 2)
    let device = FailingBackend(base ?? ours, onPlan: onPlan, onRun: onRun), processor = FailingBackend(ours)
    self.device = device
    self.processor = processor
    var opened = OpenedDevice(device, name: "a device for tests", preferredPrecision: precision.graph)
    let reopened = reopened
    opened.reopen = {
      let device = FailingBackend(try next?() ?? ours, onRun: onRunAfterLoss)
      reopened.devices.withLock { $0.append(device) }
      return OpenedDevice(device, name: "again", preferredPrecision: precision.graph)
    }
    if hasProcessor {
      opened.openProcessor = { OpenedDevice(processor, name: "the processor", preferredPrecision: .float32) }
    }
    pipeline = try await Pipeline(
      OpenedModel(TinyModel.file), Pipeline.Options(precision: precision, vaeTiling: tiling), on: opened,
      freeMemory: { freeMemory }, residentMemory: { nil })
  }

  /// The pictures of a request and the notices on the way.
  func draw(_ request: GenerationRequest = TinyModel.request) async throws -> (
    images: [GeneratedImage], notices: [String]
  ) {
    var images: [GeneratedImage] = [], notices: [String] = []
    for try await event in pipeline.generate(request) {
      switch event {
      // The tests' pictures are far smaller than the model's own, which is said each time.
      case .notice(let notice): if notice.code != .unusualSize { notices.append(notice.message) }
      case .image(let image): images.append(image)
      case .stage, .step, .preview, .upscaling: break
      }
    }
    return (images, notices)
  }
}

extension TinyModel {
  /// Expects what the tiny model draws on the processor where nothing fails.
  static func expect(_ images: [GeneratedImage], within limit: Int = 1) async throws {
    for image in images {
      let expected = try await pipeline().image(image.request)
      let worst = zip(image.pixels, expected.pixels).map { abs(Int($0) - Int($1)) }.max()
      #expect(try #require(worst) <= limit)
    }
    #expect(!images.isEmpty)
  }
}
