import Foundation
import Testing

@testable import ImagineHub

/// What hosts say before they send anything, however strange.
@Suite struct HeaderTests {
  private func head(_ lines: String...) -> HTTPHead {
    var head = HTTPHead()
    for line in lines { _ = head.add(line + "\r\n") }
    return head
  }

  @Test func numbersAndVersions() {
    let plain = head(
      "HTTP/1.1 206 Partial Content", "content-LENGTH:  5 ", "Content-Range: bytes 5-9/10", "ETag: \"a\"")
    #expect(plain.status == 206 && plain.contentRange?.start == 5 && plain.contentRange?.total == 10)
    #expect(plain.validator == "\"a\"")
    // A weak tag does not stand for the same bytes.
    #expect(head("HTTP/1.1 200 OK", "ETag: W/\"a\"").validator == nil)
    #expect(head("HTTP/1.1 200 OK", "ETag: W/\"a\"", "Last-Modified: today").validator == "today")
    #expect(head("HTTP/1.1 100 Continue", "X: 1", "HTTP/2 200")["x"] == nil)
    #expect(head("HTTP/1.1 100 Continue", "HTTP/2 200").status == 200)
  }

  @Test(arguments: ["-1", "99999999999999999999999", "0x10", "", "5 5", "NaN", "٣"])
  func numbersThatAreNone(_ text: String) {
    let strange = head("HTTP/1.1 200 OK", "Content-Length: \(text)", "Content-Range: bytes \(text)-\(text)/\(text)")
    #expect(strange.contentLength == nil && strange.contentRange?.start == nil)
  }

  @Test("Any bytes are a head, or none: nothing traps") func anything() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<2000 {
      var head = HTTPHead()
      for _ in 0..<4 {
        let bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
          UInt8.random(in: 0...255, using: &generator)
        }
        let start = ["", "HTTP/1.1 ", "Content-Range: bytes ", "Content-Length: ", "ETag: "].randomElement(
          using: &generator)
        _ = head.add((start ?? "") + String(decoding: bytes, as: UTF8.self))
      }
      _ = (head.contentLength, head.contentRange?.start, head.validator, head.status)
      let disposition = "attachment; filename" + (head["etag"] ?? "")
      _ = DirectFile.dispositionName(disposition)
    }
  }

  @Test func lengthIsBounded() {
    var head = HTTPHead()
    let line = "X: " + String(repeating: "y", count: 1000)
    var count = 0
    while count < 1000, head.add(line) { count += 1 }
    #expect(count < 1000)
  }
}
