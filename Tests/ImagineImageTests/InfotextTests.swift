import Testing

@testable import ImagineImage

@Suite("Infotext")
struct InfotextTests {
  @Test("has the web UI's form")
  func form() {
    let infotext = Infotext(
      prompt: "a lighthouse at dusk,\noil on canvas", negativePrompt: "blurry",
      fields: [
        ("Steps", "20"), ("Sampler", "Euler a"), ("CFG scale", "7.5"), ("Size", "512x768"), ("Tiling", "Tiling"),
      ])
    #expect(
      infotext.text == """
        a lighthouse at dusk,
        oil on canvas
        Negative prompt: blurry
        Steps: 20, Sampler: Euler a, CFG scale: 7.5, Size: 512x768, Tiling: Tiling
        """)
    #expect(Infotext(prompt: "x", fields: [("Steps", "1")]).text == "x\nSteps: 1")
    #expect(Infotext(prompt: "", fields: [("Steps", "1")]).text == "Steps: 1")
    #expect(Infotext(prompt: " x \n").text == "x")
  }

  @Test(
    "quotes as the web UI does",
    arguments: [
      ("plain", "plain"), ("7.0", "7.0"), ("a, b", #""a, b""#), ("name: 12ab", #""name: 12ab""#),
      ("two\nlines", #""two\nlines""#), (#"say "hi", now"#, #""say \"hi\", now""#), (#"a\b"#, #"a\b"#),
      (#"a\b,"#, #""a\\b,""#), ("日本, é", #""日本, é""#), ("tab\u{9}, \u{1}", #""tab\t, \u0001""#),
    ])
  func quoting(value: String, written: String) {
    #expect(Infotext(prompt: "p", fields: [("Key", value)]).text == "p\nKey: \(written)")
  }

  @Test("reads what the web UI wrote")
  func parsing() {
    let infotext = Infotext(
      parsing: """
        masterpiece, (best quality:1.2), 1girl, <lora:Style: x:0.8>
        second line: with colon
        Negative prompt: worst quality, low quality,
        bad hands
        Steps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 965400086, Size: 512x512, \
        Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Lora hashes: "style: 0123456789ab, more: ba9876543210", \
        Hires prompt: "a \\"b\\"\\nc", Version: v1.10.1
        """)
    #expect(
      infotext.prompt == "masterpiece, (best quality:1.2), 1girl, <lora:Style: x:0.8>\nsecond line: with colon")
    #expect(infotext.negativePrompt == "worst quality, low quality,\nbad hands")
    #expect(
      infotext.fields.map(\.key) == [
        "Steps", "Sampler", "Schedule type", "CFG scale", "Seed", "Size", "Model hash", "Model", "Lora hashes",
        "Hires prompt", "Version",
      ])
    #expect(infotext["Sampler"] == "DPM++ 2M")
    #expect(infotext["Size"] == "512x512")
    #expect(infotext["Lora hashes"] == "style: 0123456789ab, more: ba9876543210")
    #expect(infotext["Hires prompt"] == "a \"b\"\nc")
    #expect(infotext["Version"] == "v1.10.1")
    #expect(infotext["Nothing"] == nil)
  }

  @Test("takes the last line for settings only if it has three")
  func threeSettings() {
    let two = Infotext(parsing: "a cat\nSteps: 20, Seed: 1")
    #expect(two.prompt == "a cat\nSteps: 20, Seed: 1")
    #expect(two.fields.isEmpty)
    let three = Infotext(parsing: "a cat\r\nNegative prompt:dog\r\nSteps: 20, Seed: 1, ENSD: 31337\r\n")
    #expect(three.prompt == "a cat")
    #expect(three.negativePrompt == "dog")
    #expect(three.fields.count == 3)
    #expect(Infotext(parsing: "") == Infotext(prompt: ""))
    #expect(Infotext(parsing: "Negative prompt: only").negativePrompt == "only")
  }

  @Test("keeps what it does not understand")
  func oddValues() {
    let infotext = Infotext(parsing: #"p\#nAa: "open, Bb: "x" y, Cc: "\q", Dd: , x: 1, (Ee): 2, Ff/g-h: "", Gg: z"#)
    #expect(
      infotext.fields == [
        .init(key: "Aa", value: "\"open"), .init(key: "Bb", value: "\"x\" y"), .init(key: "Cc", value: #""\q""#),
        .init(key: "Dd", value: ""), .init(key: "Ff/g-h", value: ""), .init(key: "Gg", value: "z"),
      ])
  }

  @Test("gives back what it was given")
  func roundTrip() {
    let values = [
      "20", "a, b: c", "\"quoted\"", "\"", " spaced ", "tab\t", "line\r\nbreak", "back\\slash", "back\\,slash\\",
      "日本語, 🐱",
      "", "512x768", "nul-free \u{1F}", "v1.10.1", "True",
    ]
    let fields = values.enumerated().map { ("Key \($0.offset)", $0.element) }
    let infotext = Infotext(prompt: "a\n\nb: c, d", negativePrompt: "x\ny, z", fields: fields)
    #expect(Infotext(parsing: infotext.text) == infotext)
  }

  @Test("reads long hostile text without delay")
  func hostile() {
    for piece in ["a", "a ", "aa: \"", "aa: \"\\", "\n", "Negative prompt:\n", ":,", "\u{301}"] {
      let infotext = Infotext(parsing: String(repeating: piece, count: 20_000))
      #expect(infotext["zz"] == nil)
    }
  }
}
