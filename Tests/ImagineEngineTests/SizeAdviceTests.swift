import Testing

@testable import ImagineEngine

@Suite struct SizeAdviceTests {
  private func notice(_ size: (width: Int, height: Int)) -> EngineNotice? {
    EngineNotice(width: size.width, height: size.height, ownWidth: 512, ownHeight: 512)
  }

  @Test(arguments: [
    (512, 512), (512, 768), (768, 768), (640, 768), (384, 512), (320, 320), (704, 512), (256, 640),
  ])
  func sizesAModelIsUsedAt(_ width: Int, _ height: Int) { #expect(notice((width, height)) == nil) }

  @Test(arguments: [
    (1024, 1024, "repeated"), (512, 1024, "repeated"), (784, 784, "repeated"), (256, 256, "recognised"),
    (64, 512, "recognised"),
  ])
  func sizesFarFromIt(_ width: Int, _ height: Int, _ words: String) throws {
    let found = try #require(notice((width, height)))
    #expect(found.code == .unusualSize && found.message.contains(words) && found.message.contains("512x512"))
  }
}
