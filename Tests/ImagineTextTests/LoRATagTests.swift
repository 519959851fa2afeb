import Testing

@testable import ImagineText

/// Tags of LoRAs, as AUTOMATIC1111 reads their numbers.
@Suite struct LoRATagTests {
  private func tag(_ text: String) throws -> LoRATag? {
    try LoRATag(#require(ParsedPrompt("a \(text) b", .a1111).networks.first))
  }

  @Test(
    arguments: [
      ("<lora:x>", 1, 1, nil), ("<lora:x:0.5>", 0.5, 0.5, nil), ("<lora:x:0.5:0.8>", 0.5, 0.8, nil),
      ("<lyco:x:-1>", -1, -1, nil), ("<lora:x:te=0.5:unet=0.8:dyn=4>", 0.5, 0.8, 4), ("<lora:x:unet=0.3>", 1, 0.3, nil),
      ("<lora:x:te=0.3>", 0.3, 0.3, nil), ("<lora:x:unet=0.3:te=0.5>", 0.5, 0.3, nil), ("<lora:x:1:0:8>", 1, 0, 8),
      ("<lora:x:1e-1>", 0.1, 0.1, nil),
    ] as [(String, Double, Double, Int?)])
  func numbers(_ text: String, _ textEncoder: Double, _ unet: Double, _ ranks: Int?) throws {
    let tag = try #require(try tag(text))
    #expect(tag.name == "x" && tag.textEncoder == textEncoder && tag.unet == unet && tag.ranks == ranks)
  }

  @Test func blocks() throws {
    #expect(try tag("<lora:x:1:lbw=1,0,0.5>")?.blocks == [1, 0, 0.5])
  }

  @Test func others() throws {
    #expect(try tag("<hypernet:x:1>") == nil)
    #expect(try tag("<style:x>") == nil)
  }

  @Test(arguments: [
    "<lora:x:big>", "<lora:x:nan>", "<lora:x:inf>", "<lora:x:1:1:0>", "<lora:x:1:1:-3>", "<lora:x:dyn=x>",
    "<lora:x:1:1:1:1>", "<lora:x:start=3>", "<lora:x:lbw=XYZ>", "<lora:x:lbw=1,,2>", "<lora::1>",
  ])
  func whatCannotBeMeant(_ text: String) {
    let error = #expect(throws: PromptError.self) { try tag(text) }
    #expect(error?.description.contains("write <lora:name:0.8>") == true)
  }

  @Test func textIsReadBack() throws {
    let cases: [(Float, Float, Int?, [Float]?)] = [
      (1, 1, nil, nil), (0.5, 0.8, nil, nil), (-0.25, -0.25, 4, nil), (1, 0, nil, [1, 0, 0.5]),
    ]
    for (textEncoder, unet, ranks, blocks) in cases {
      let text = try #require(
        LoRATag.text("a b", textEncoder: textEncoder, unet: unet, ranks: ranks, blocks: blocks))
      let read = try #require(try tag(text))
      #expect(read.name == "a b" && Float(read.textEncoder) == textEncoder && Float(read.unet) == unet)
      #expect(read.ranks == ranks && read.blocks?.map(Float.init) == blocks)
    }
    for name in ["", "a:b", "a>b", "a\nb"] {
      #expect(LoRATag.text(name, textEncoder: 1, unet: 1, ranks: nil, blocks: nil) == nil)
    }
  }
}
