internal import CCurl
internal import Foundation
internal import Synchronization

/// What takes an answer in.
protocol HTTPReceiver: AnyObject, Sendable {
  /// The head of the answer has come; false wants no body.
  func begin(_ head: HTTPHead) -> Bool
  /// A piece of the body; false wants no more.
  func receive(_ bytes: UnsafeRawBufferPointer) -> Bool
}

/// One question and its answer, on a thread of its own: libcurl waits.
///
/// Bytes are handed on as they come, and the connection waits until they are taken.
final class HTTPTransfer: Sendable {
  private let url: String
  private let headers: [String]
  private let limits: HTTPLimits
  private let receiver: any HTTPReceiver
  private let isCancelled = Atomic(false)
  private let answer = Mutex(Answer())

  private struct Answer {
    var head = HTTPHead()
    var hasBegun = false
    var isHeaderTooLong = false
    /// Whether the receiver wants no more.
    var isStopped = false
  }

  init(_ url: URL, headers: [String], _ limits: HTTPLimits, into receiver: any HTTPReceiver) {
    self.url = url.absoluteString
    self.headers = headers
    self.limits = limits
    self.receiver = receiver
  }

  /// Waits for the answer.
  ///
  /// - Returns: its head, also if the receiver wanted no more.
  /// - Throws: `HTTPFailure`, `CancellationError`.
  func run() async throws -> HTTPHead {
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { continuation in
        let thread = Thread { continuation.resume(with: Result { try self.perform() }) }
        thread.name = "imagine fetch"
        thread.start()
      }
    } onCancel: {
      isCancelled.store(true, ordering: .relaxed)
    }
  }

  private func perform() throws -> HTTPHead {
    guard cc_is_available() != 0 else { throw HTTPFailure(.noLibrary) }
    let callbacks = cc_receiver(
      context: Unmanaged.passUnretained(self).toOpaque(),
      header: { context, bytes, count in HTTPTransfer.of(context)?.header(bytes, count) == true ? 1 : 0 },
      body: { context, bytes, count in HTTPTransfer.of(context)?.body(bytes, count) == true ? 1 : 0 },
      goes_on: { context in HTTPTransfer.of(context)?.isCancelled.load(ordering: .relaxed) == false ? 1 : 0 })
    var status = 0, message = [CChar](repeating: 0, count: 256)
    let code = withExtendedLifetime(self) {
      Self.withCStrings(headers) { lines in
        url.withCString { url in
          limits.userAgent.withCString { agent in
            lines.withUnsafeBufferPointer { lines in
              var request = cc_request(
                url: url, user_agent: agent, headers: lines.baseAddress, header_count: lines.count,
                connect_seconds: limits.connectSeconds, idle_seconds: limits.idleSeconds)
              return Int(cc_get(&request, callbacks, &status, &message, message.count))
            }
          }
        }
      }
    }
    if isCancelled.load(ordering: .relaxed) { throw CancellationError() }
    let answer = answer.withLock { $0 }
    if answer.isHeaderTooLong { throw HTTPFailure(.headerTooLong) }
    if code == CC_OK {
      if !answer.hasBegun { _ = receiver.begin(answer.head) }
      return answer.head
    }
    if answer.isStopped { return answer.head }
    let detail = message.prefix { $0 != 0 }.map { UInt8(truncatingIfNeeded: $0) }
    throw HTTPFailure(code: code, detail: String(decoding: detail, as: UTF8.self))
  }

  private static func of(_ context: UnsafeMutableRawPointer?) -> HTTPTransfer? {
    context.map { Unmanaged<HTTPTransfer>.fromOpaque($0).takeUnretainedValue() }
  }

  private func header(_ bytes: UnsafePointer<CChar>?, _ count: Int) -> Bool {
    let line = String(decoding: UnsafeRawBufferPointer(start: bytes, count: count), as: UTF8.self)
    return answer.withLock { answer in
      guard answer.head.add(line) else {
        answer.isHeaderTooLong = true
        return false
      }
      return true
    }
  }

  private func body(_ bytes: UnsafePointer<CChar>?, _ count: Int) -> Bool {
    let (head, isFirst) = answer.withLock { answer in
      defer { answer.hasBegun = true }
      return (answer.head, !answer.hasBegun)
    }
    let goesOn =
      (!isFirst || receiver.begin(head)) && receiver.receive(UnsafeRawBufferPointer(start: bytes, count: count))
    if !goesOn { answer.withLock { $0.isStopped = true } }
    return goesOn
  }

  private static func withCStrings<Result>(
    _ strings: [String], _ body: ([UnsafePointer<CChar>?]) -> Result
  ) -> Result {
    let copies = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return body(copies.map { UnsafePointer($0) })
  }
}

/// How long is waited, and what is said of who asks.
struct HTTPLimits: Sendable, Hashable {
  var connectSeconds = 30
  /// Seconds without a byte.
  var idleSeconds = 60
  var userAgent: String
}
