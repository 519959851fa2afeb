import Testing

@testable import Imagine
@testable import ImagineEngine

@Suite struct SizeAdviceTests {
  private func notice(_ size: Size) -> EngineNotice? {
    EngineNotice(width: size.width, height: size.height, ownWidth: 512, ownHeight: 512)
  }

  @Test(arguments: ["512", "512x768", "768", "640x768", "384x512", "320", "704x512", "256x640"])
  func sizesAModelIsUsedAt(_ size: String) throws {
    let asked = try #require(Size(size))
    #expect(notice(asked) == nil)
  }

  @Test(arguments: [
    ("1024", "repeated"), ("512x1024", "repeated"), ("784", "repeated"), ("256", "recognised"),
    ("64x512", "recognised"),
  ])
  func sizesFarFromIt(_ size: String, _ words: String) throws {
    let asked = try #require(Size(size))
    let found = try #require(self.notice(asked))
    #expect(found.code == .unusualSize && found.message.contains(words) && found.message.contains("512x512"))
  }
}
