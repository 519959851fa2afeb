import Foundation
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineSampling
import Synchronization

@testable import ImagineEngine

/// A complete model of Stable Diffusion 1 structure, small enough for tests, with random weights.
enum TinyModel {
  static let file = Golden.url("pipeline/tiny-sd.safetensors")

  static func opened() throws -> OpenedModel { try OpenedModel(file) }

  /// Copies of its file, under names of their own: models that have nothing to do with each other.
  static func copies(_ count: Int, in folder: URL) throws -> [OpenedModel] {
    try (0..<count).map { index in
      let url = folder.appending(path: "\(index).safetensors")
      try FileManager.default.copyItem(at: file, to: url)
      return try OpenedModel(url)
    }
  }

  /// A small and quick request.
  static let request = request()

  static func request(width: Int = 64, height: Int = 64, seed: UInt64 = 42, count: Int = 1) -> PictureRequest {
    var request = PictureRequest(
      prompt: "a red house under a yellow sun", negativePrompt: "", width: width, height: height, steps: 2,
      guidanceScale: 7.5, seed: seed, method: SamplingMethod(.euler), stream: .cpu)
    request.count = count
    return request
  }
}

/// What came of a request.
struct Drawing: Sendable {
  var pictures: [[Float]] = []
  /// Without the one on sizes: the tests' pictures are far smaller than the model's own.
  var notices: [EngineNotice] = []
}

extension ModelEngine {
  /// - Parameter onPicture: runs while the request still has its turn.
  func draw(
    _ request: PictureRequest, _ model: OpenedModel, ticket: Turns.Ticket? = nil,
    onPicture: @escaping @Sendable () async throws -> Void = {}
  ) async throws -> Drawing {
    let drawing = Mutex(Drawing())
    try await draw(request, with: model, ticket: ticket) { event in
      if case .notice(let notice) = event, notice.code != .unusualSize {
        drawing.withLock { $0.notices.append(notice) }
      }
    } deliver: { picture in
      drawing.withLock { $0.pictures.append(picture.pixels) }
      try await onPicture()
    }
    return drawing.withLock { $0 }
  }
}

/// A folder that is there while `body` runs.
func withTemporaryFolder<Result>(_ body: (URL) async throws -> Result) async throws -> Result {
  let folder = FileManager.default.temporaryDirectory.appending(path: "imagine-tests-\(UUID().uuidString)")
  try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  defer { try? FileManager.default.removeItem(at: folder) }
  return try await body(folder)
}

/// Holds up whoever waits for it until it is opened.
actor Gate {
  private var isOpen = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func wait() async {
    if !isOpen { await withCheckedContinuation { waiting.append($0) } }
  }

  func open() {
    isOpen = true
    for one in waiting { one.resume() }
    waiting = []
  }
}

/// What happened, in order.
actor Log<Entry: Sendable> {
  private(set) var entries: [Entry] = []

  func add(_ entry: Entry) { entries.append(entry) }
}
