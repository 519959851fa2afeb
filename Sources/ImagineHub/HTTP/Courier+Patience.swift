internal import Foundation
internal import Imagine

extension Courier {
  /// Attempts one after the other that bring nothing.
  private static let mostFailures = 5
  /// All attempts, whatever they bring.
  private static let mostAttempts = 200
  /// Seconds that a host is waited for that asks for time.
  private static let longestWait = 120.0

  /// What an attempt came to.
  enum Outcome {
    case done
    /// Worth another attempt, for this reason: a clause that follows the name of the file.
    case failed(String)
  }

  /// Asks until it is done, as long as that has prospects.
  ///
  /// - Parameters:
  ///   - count: bytes that have come so far: an attempt that brought some was not in vain.
  ///   - attempt: asks once, and looks at answers with status 200, 206 and 416.
  /// - Throws: `ImagineError`, `CancellationError`.
  func persist(
    _ file: String, count: () -> Int = { 0 }, access: String? = nil,
    _ attempt: () async throws -> (Answer, Outcome)
  ) async throws {
    var failures = 0, waited = 0.0, last = count()
    for _ in 0..<Self.mostAttempts {
      try Task.checkCancellation()
      var reason = ""
      var wait = Double(1 << min(failures, 4))
      do {
        let (answer, outcome) = try await attempt()
        switch (answer.head.status, outcome) {
        case (200, .done), (206, .done), (416, .done): return
        case (200, .failed(let words)), (206, .failed(let words)), (416, .failed(let words)): reason = words
        case (429, _), (503, _):
          reason = "'\(answer.host)' is asked too often, or too busy (\(answer.head.status))"
          if let asked = answer.head["retry-after"].flatMap({ Self.seconds($0) }) {
            guard asked + waited <= Self.longestWait else {
              throw ImagineError(
                .downloadFailed,
                "\(file) is not to be had now: '\(answer.host)' asks to come back in \(Int(asked)) seconds.")
            }
            wait = asked
          }
          waited += wait
        case (408, _), (500...599, _):
          reason = "'\(answer.host)' answers with an error of its own (\(answer.head.status))"
        default: throw Self.refusal(answer, file, access)
        }
      } catch let failure as HTTPFailure {
        guard failure.isPassing else {
          throw ImagineError(.downloadFailed, "\(file) is not fetched: \(failure.clause).")
        }
        reason = failure.clause
      }
      let now = count()
      failures = now > last ? 1 : failures + 1
      last = now
      guard failures < Self.mostFailures else {
        throw ImagineError(.downloadFailed, "\(file) is not fetched: \(reason), \(failures) times. Try again later.")
      }
      try await pause(.seconds(wait))
    }
    throw ImagineError(
      .downloadFailed, "\(file) is not fetched: the connection is lost again and again. Try again later.")
  }

  private static func refusal(_ answer: Answer, _ file: String, _ access: String?) -> ImagineError {
    switch answer.head.status {
    case 401, 403:
      ImagineError(
        .accessDenied,
        "'\(answer.host)' does not give \(file) to everybody (\(answer.head.status)): \(access ?? "it needs an account there")."
      )
    case 404, 410: ImagineError(.downloadFailed, "'\(answer.host)' has no \(file): check the name.")
    default:
      ImagineError(
        .downloadFailed, "'\(answer.host)' answers with status \(answer.head.status) for \(file): try again later.")
    }
  }

  /// The seconds of a `Retry-After` header, which may be a date.
  static func seconds(_ text: String, now: Date = Date()) -> Double? {
    if let seconds = Int(text), 0...1_000_000 ~= seconds { return Double(seconds) }
    let format = DateFormatter()
    format.locale = Locale(identifier: "en_US_POSIX")
    format.timeZone = TimeZone(secondsFromGMT: 0)
    format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
    return format.date(from: text).map { max(0, $0.timeIntervalSince(now).rounded(.up)) }
  }
}
