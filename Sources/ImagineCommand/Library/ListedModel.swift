import Foundation
import Imagine

/// What is said of one model of the collection.
struct ListedModel: Encodable {
  let name: String
  let kind: String
  let path: String
  let bytes: Int
  /// What it is, in words.
  let summary: String
  /// Of which models it is, or which it was made for, as far as its file tells.
  var family: String?
  var parameterCount: Int?
  /// What a picture of its own size takes, as it would be drawn on this machine; nil where that was not asked, or cannot be told.
  var pictureBytes: Int?
  /// Bytes that are free at the moment.
  var freeBytes: Int?
  /// Parameters times their bits, and a fifth: what people reckon with.
  var ruleOfThumbBytes: Int?
  /// Whether a picture fits what is free.
  var fits: Bool?

  init(_ file: ModelFile) {
    name = file.name
    kind = file.kind.rawValue
    path = file.url.path(percentEncoded: false)
    bytes = file.byteCount
    if file.kind == .checkpoint, let report = try? ModelReport(inspecting: file.url) {
      summary = report.problem ?? report.family
      family = report.family
      parameterCount = report.parameterCount
    } else if file.kind == .lora, let report = (try? LoRAReport(listing: file.url)) ?? nil {
      summary = report.summary
      family = report.family
    } else {
      summary = ModelReport.summary(of: file.url)
    }
  }

  /// Reckons what a picture takes, with the plans that would draw it.
  ///
  /// - Throws: `CancellationError`; what cannot be reckoned is left open.
  mutating func reckon(_ url: URL, on engine: Engine) async throws {
    guard let parameterCount, let pipeline = try? await Pipeline(model: url, on: engine) else { return }
    let bits = engine.precision == .float32 ? 32 : 16
    ruleOfThumbBytes = Self.ruleOfThumb(parameterCount, bits: bits)
    do {
      let estimate = try await pipeline.estimate(pipeline.recommendedRequest(prompt: ""))
      pictureBytes = estimate.peakBytes
      freeBytes = estimate.freeBytes
      fits = estimate.freeBytes.map { estimate.peakBytes <= $0 }
    } catch let error as CancellationError { throw error } catch {}
  }

  static func ruleOfThumb(_ parameters: Int, bits: Int) -> Int {
    let bytes = Double(parameters) * Double(bits) / 8 * 1.2
    return bytes < 1e18 ? Int(bytes) : .max
  }

  /// `5.5 GB of 16 GB free; by the rule of thumb 8.2 GB`
  var fit: String {
    var words = "-"
    if let pictureBytes {
      words = Wording.bytes(pictureBytes)
      if let fits, let freeBytes { words += "\(fits ? ", fits" : ", does not fit") in \(Wording.bytes(freeBytes))" }
    }
    return ruleOfThumbBytes.map { "\(words) (rule of thumb \(Wording.bytes($0)))" } ?? words
  }
}
