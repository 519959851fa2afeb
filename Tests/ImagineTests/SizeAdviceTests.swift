import Testing

@testable import Imagine

@Suite struct SizeAdviceTests {
  private let own = Size(width: 512, height: 512)

  @Test(arguments: ["512", "512x768", "768", "640x768", "384x512", "320", "704x512", "256x640"])
  func sizesAModelIsUsedAt(_ size: String) throws {
    let asked = try #require(Size(size))
    #expect(asked.notice(for: own) == nil)
  }

  @Test(arguments: [
    ("1024", "repeated"), ("512x1024", "repeated"), ("784", "repeated"), ("256", "recognised"),
    ("64x512", "recognised"),
  ])
  func sizesFarFromIt(_ size: String, _ words: String) throws {
    let asked = try #require(Size(size))
    let notice = try #require(asked.notice(for: own))
    #expect(notice.code == .unusualSize && notice.message.contains(words) && notice.message.contains("512x512"))
  }
}
