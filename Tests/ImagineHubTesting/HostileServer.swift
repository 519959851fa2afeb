package import Foundation
internal import Synchronization

/// A server on this machine that answers as it is told, however wrongly; plain sockets, one thread a connection.
package final class HostileServer: Sendable {
  /// What it was asked.
  package struct Request: Sendable {
    package let path: String
    /// By names in small letters.
    package let headers: [String: String]

    /// Where the bytes that are asked for begin.
    package var start: Int? {
      headers["range"].flatMap { $0.hasPrefix("bytes=") ? Int($0.dropFirst(6).prefix { $0.isNumber }) : nil }
    }
  }

  /// A connection to be written to.
  package struct Connection: Sendable {
    fileprivate let descriptor: Int32

    /// Writes; false if the other end has gone.
    @discardableResult
    package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult
    package func send(_ bytes: [UInt8]) -> Bool {
      var rest = bytes[...]
      while !rest.isEmpty {
        let count = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
        guard count > 0 else { return false }
        rest = rest.dropFirst(count)
      }
      return true
    }

    /// A whole answer, of the right length unless another is claimed.
    package func answer(_ status: String, _ body: [UInt8] = [], headers: [String] = [], length: Int? = nil) {
      let lines = ["HTTP/1.1 \(status)", "Content-Length: \(length ?? body.count)", "Connection: close"] + headers
      send(lines.joined(separator: "\r\n") + "\r\n\r\n")
      send(body)
    }

    /// A file, or the part of it that is asked for.
    package func file(_ bytes: [UInt8], _ request: Request, headers: [String] = []) {
      guard let start = request.start else { return answer("200 OK", bytes, headers: headers) }
      guard start < bytes.count else { return answer("416 Range Not Satisfiable") }
      answer(
        "206 Partial Content", Array(bytes[start...]),
        headers: headers + ["Content-Range: bytes \(start)-\(bytes.count - 1)/\(bytes.count)"])
    }
  }

  package let port: UInt16
  private let listener: Int32
  private let seen = Mutex<[Request]>([])

  /// - Parameter answer: called on a thread of its own for each request; the connection is closed after it.
  package init(_ answer: @escaping @Sendable (Request, Connection) -> Void) throws {
    let listening = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    listener = listening
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var size = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        bind(listening, address, size) == 0 && listen(listening, 64) == 0 && getsockname(listening, address, &size) == 0
      }
    }
    guard bound else { throw POSIXError(.EADDRNOTAVAIL) }
    port = UInt16(bigEndian: address.sin_port)
    let thread = Thread { [weak self] in
      while true {
        let descriptor = accept(listening, nil, nil)
        guard descriptor >= 0, let self else { return }
        Thread {
          defer { close(descriptor) }
          guard let request = Self.read(descriptor) else { return }
          self.seen.withLock { $0.append(request) }
          answer(request, Connection(descriptor: descriptor))
          shutdown(descriptor, Int32(SHUT_WR))
        }.start()
      }
    }
    thread.start()
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  package var requests: [Request] { seen.withLock { $0 } }

  /// The address of a path; as `localhost`, it is another host's.
  package func url(_ path: String, host: String = "127.0.0.1") -> URL {
    var parts = URLComponents()
    (parts.scheme, parts.host, parts.port, parts.path) = ("http", host, Int(port), path)
    return parts.url ?? URL(filePath: "/")
  }

  private static func read(_ descriptor: Int32) -> Request? {
    var text: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 4096)
    while !text.suffix(4).elementsEqual("\r\n\r\n".utf8) {
      let count = recv(descriptor, &buffer, buffer.count, 0)
      guard count > 0, text.count < 1 << 20 else { return nil }
      text += buffer[..<count]
    }
    let lines = String(decoding: text, as: UTF8.self).split(separator: "\r\n").map(String.init)
    guard let path = lines.first?.split(separator: " ").dropFirst().first else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      guard let colon = line.firstIndex(of: ":") else { continue }
      headers[line[..<colon].lowercased()] = line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
    }
    return Request(path: String(path), headers: headers)
  }
}
