import Foundation
import Testing

@testable import ImagineCheckpoint

@Suite("The YAML of training configurations")
struct YAMLReaderTests {
  private func read(_ text: String) throws -> JSONValue {
    try Data(text.utf8).withUnsafeBytes { try YAMLReader.read($0) }
  }

  @Test func readsWhatTrainingProgramsWrite() throws {
    let value = try read(
      """
      # a comment
      model:
        base_learning_rate: 1.0e-04
        target: ldm.models.diffusion.ddpm.LatentDiffusion
        params:
          parameterization: "v"   # not eps
          linear_start: 0.00085
          timesteps: 1000
          cond_stage_trainable: false   # Note: different
          monitor: 'val/loss # simple'
          unet_config:
            params:
              attention_resolutions: [ 4, 2, 1 ]
              channel_mult:
              - 1
              - 2
          first_stage_config:
            params:
              attn_resolutions: []
              ch_mult:
                - 1
                - 4
              lossconfig: {}
          nothing:
      data: null
      """)
    let params = try #require(value["model"]?["params"])
    #expect(value["model"]?["base_learning_rate"]?.double == 1e-4)
    #expect(value["model"]?["target"]?.string == "ldm.models.diffusion.ddpm.LatentDiffusion")
    #expect(params["parameterization"]?.string == "v" && params["timesteps"]?.int == 1000)
    #expect(params["cond_stage_trainable"]?.bool == false && params["monitor"]?.string == "val/loss # simple")
    #expect(params["unet_config"]?["params"]?["attention_resolutions"] == .array([.int(4), .int(2), .int(1)]))
    #expect(params["unet_config"]?["params"]?["channel_mult"] == .array([.int(1), .int(2)]))
    #expect(params["first_stage_config"]?["params"]?["attn_resolutions"] == .array([]))
    #expect(params["first_stage_config"]?["params"]?["ch_mult"] == .array([.int(1), .int(4)]))
    #expect(params["nothing"] == nil && value["data"] == nil)
  }

  @Test func readsTextsOfSeveralLines() throws {
    let value = try read(
      """
      a:
        paths: |
          models/Lora

            models/Other # not a comment's place
        next: 1
      last: |
        one
      """)
    #expect(value["a"]?["paths"]?.string == "models/Lora\n  models/Other")
    #expect(value["a"]?["next"]?.int == 1 && value["last"]?.string == "one")
    #expect(try read("a: |")["a"]?.string == "")
  }

  @Test func readsListsOfSettings() throws {
    let value = try read(
      """
      emb_models:
        - is_trainable: False
          input_key: txt
          params:
            layer: hidden

        # between
        - target: a.b
        -   params:
              - 1
      after: 1
      """)
    let items = try #require(value["emb_models"]?.array)
    #expect(items.count == 3 && value["after"]?.int == 1)
    #expect(items[0]["is_trainable"]?.bool == false && items[0]["params"]?["layer"]?.string == "hidden")
    #expect(items[1] == .object(["target": .string("a.b")]))
    #expect(items[2]["params"] == .array([.int(1)]))
    for text in ["a:\n  - b: 1\n    b: 2", "a:\n  - b: 1\n   c: 2", "a:\n  - b: 1\n      c: 2", "a:\n  - b:\n  c: 1"] {
      #expect(throws: YAMLError.self, "\(text)") { try read(text) }
    }
    #expect(throws: YAMLError.self) { try read("a:\n" + String(repeating: "- ", count: 20000) + "b: 1") }
  }

  @Test(arguments: [
    "a: 1\na: 2", "a:\n\tb: 1", "a", "a: [1, 2", "a: &x 1", "a: *x", "a: !!str 1", "a: > \n b",
    "- 1\n- 2", "a:\n    b: 1\n  c: 2", "a: {b: 1}", "a: \"x", "a: 'it''s'", "  a: 1\n b: 2", "a: [1,, 2]", "1: 2",
    "a: \"\\u0041\"", "? a\n: b", "a: 1\n\u{301}", ": 1",
  ])
  func refusesWhatItDoesNotKnow(_ text: String) {
    #expect(throws: YAMLError.self) { try read(text) }
  }

  @Test func refusesDeepNestingAndOddBytes() {
    let deep = (0..<100).map { String(repeating: " ", count: $0) + "a:" }.joined(separator: "\n") + " 1"
    #expect(throws: YAMLError.self) { try read(deep) }
    #expect(throws: YAMLError.self) { try Data([0x61, 0x3A, 0x20, 0xFF]).withUnsafeBytes { try YAMLReader.read($0) } }
  }
}
