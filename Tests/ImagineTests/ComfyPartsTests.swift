import Foundation
import Testing

@testable import Imagine

/// What stands beside the model in ComfyUI's graphs.
@Suite struct ComfyPartsTests {
  /// The usual graph with other links and more nodes.
  private func settings(
    _ links: [(String, String)] = [], _ nodes: [String], prompts: (String, String) = ("4", "4")
  ) throws -> RecordedSettings {
    var graph = RecallTests.graph
    for (link, other) in links {
      #expect(graph.contains(link))
      graph = graph.replacing(link, with: other)
    }
    let encoders = graph.components(separatedBy: "\"clip\": [\"4\", 1]")
    #expect(encoders.count == 3)
    graph =
      encoders[0] + "\"clip\": [\"\(prompts.0)\", 1]" + encoders[1] + "\"clip\": [\"\(prompts.1)\", 1]" + encoders[2]
    return try RecordedSettings(comfyGraph: String(graph.dropLast()) + nodes.map { ", \($0)" }.joined() + "}")
  }

  private func node(_ id: Int, _ kind: String, _ inputs: String) -> String {
    "\"\(id)\": {\"class_type\": \"\(kind)\", \"inputs\": {\(inputs)}}"
  }

  private func lora(
    _ id: Int, _ name: String, _ model: String, _ prompts: String = "1.0", from: String, kind: String = "LoraLoader"
  ) -> String {
    let clip = kind == "LoraLoader" ? ", \"strength_clip\": \(prompts), \"clip\": [\"\(from)\", 1]" : ""
    return node(
      id, kind,
      "\"lora_name\": \"\(name)\", \"strength_model\": \(model)\(clip), \"model\": [\"\(from)\", 0]")
  }

  private static let model = "\"model\": [\"4\", 0]"
  private func model(_ id: Int) -> (String, String) { (Self.model, "\"model\": [\"\(id)\", 0]") }

  @Test("LoRAs on the way to the sampler are read, the first in the graph first, each with both its strengths")
  func loras() throws {
    let settings = try settings(
      [model(12)],
      [
        lora(10, "xl\\\\detail.safetensors", "0.8", "0.5", from: "4"), lora(11, "light.pt", "-0.25", from: "10"),
        lora(12, "only.safetensors", "2", from: "11", kind: "LoraLoaderModelOnly"),
      ], prompts: ("11", "11"))
    #expect(settings.unhonoured == [] && settings.modelName == "sd\\v1-5.safetensors")
    #expect(settings.loras.map(\.name) == ["detail", "light", "only"])
    #expect(
      settings.request.loras == [
        LoRA(named: "detail", weight: 0.8, textEncoderWeight: 0.5),
        LoRA(named: "light", weight: -0.25, textEncoderWeight: 1), LoRA(named: "only", weight: 2, textEncoderWeight: 0),
      ])
  }

  @Test("What a LoRA changes is what is linked through it; what is loaded twice adds up, and 0 is nothing")
  func loraLinks() throws {
    let ofModel = try settings([model(10)], [lora(10, "a.pt", "0.5", from: "4")])
    #expect(ofModel.request.loras == [LoRA(named: "a", weight: 0.5, textEncoderWeight: 0)] && ofModel.unhonoured == [])
    let ofPrompts = try settings([], [lora(10, "a.pt", "0.5", "0.25", from: "4")], prompts: ("10", "10"))
    #expect(ofPrompts.request.loras == [LoRA(named: "a", weight: 0, textEncoderWeight: 0.25)])
    #expect(ofPrompts.unhonoured == [])
    let twice = try settings(
      [model(11)], [lora(10, "a.pt", "0.5", "0", from: "4"), lora(11, "b/a.pt", "0.25", "1", from: "10")],
      prompts: ("11", "11"))
    #expect(twice.request.loras == [LoRA(named: "a", weight: 0.75, textEncoderWeight: 1)])
    let off = try settings([model(10)], [lora(10, "a.pt", "0", "0", from: "4")], prompts: ("10", "10"))
    #expect(off.request.loras.isEmpty && off.loras.isEmpty && off.unhonoured == [])
  }

  @Test("What cannot be said of a LoRA here is said by name, and a circle of them ends")
  func strangeLoras() throws {
    let different = try settings([model(10)], [lora(10, "a.pt", "1", from: "4")], prompts: ("10", "4"))
    #expect(different.request.loras.count == 1 && different.unhonoured.count == 1)
    #expect(different.unhonoured[0].contains("two prompts"))
    let computed = try settings(
      [model(10)], [lora(10, "a.pt", "[\"20\", 0]", from: "4"), node(20, "MathSum", "\"a\": 1")], prompts: ("10", "10"))
    #expect(computed.request.loras.isEmpty && computed.unhonoured.contains { $0.contains("strength of the LoRA a ") })
    let constant = try settings(
      [model(10)], [lora(10, "a.pt", "[\"20\", 0]", from: "4"), node(20, "PrimitiveFloat", "\"value\": 0.5")],
      prompts: ("10", "10"))
    #expect(constant.request.loras.map(\.weight) == [0.5] && constant.unhonoured == [])
    let nameless = try settings(
      [model(10)], [node(10, "LoraLoader", "\"model\": [\"4\", 0], \"clip\": [\"4\", 1]")], prompts: ("10", "10"))
    #expect(nameless.request.loras.isEmpty && nameless.unhonoured.contains { $0.contains("LoraLoader") })
    // Behind a node of another kind they count as well; that itself is named.
    let behind = try settings(
      [model(11)], [lora(10, "a.pt", "1", from: "4"), node(11, "FreeU", "\"model\": [\"10\", 0]")],
      prompts: ("10", "10"))
    #expect(behind.request.loras.count == 1 && behind.unhonoured.count == 1 && behind.unhonoured[0].contains("FreeU"))
    let circle = try settings([model(10)], [lora(10, "a.pt", "1", from: "10")], prompts: ("10", "10"))
    #expect(circle.request.loras.count == 1 && circle.modelName == nil)
  }

  @Test("A ControlNet between the prompts and the sampler is read, and so are the prompts before it")
  func guides() throws {
    let links = [
      ("\"positive\": [\"6\", 0]", "\"positive\": [\"31\", 0]"),
      ("\"negative\": [\"7\", 0]", "\"negative\": [\"31\", 1]"),
    ]
    func apply(_ more: String) -> [String] {
      [
        node(
          31, "ControlNetApplyAdvanced",
          "\"positive\": [\"6\", 0], \"negative\": [\"7\", 0], \"control_net\": [\"32\", 0], \"image\": [\"33\", 0]"
            + more),
        node(32, "ControlNetLoader", "\"control_net_name\": \"sd15\\\\canny.safetensors\""),
        node(33, "LoadImage", "\"image\": \"house.png\""),
      ]
    }
    let settings = try settings(links, apply(", \"strength\": 0.7, \"start_percent\": 0.0, \"end_percent\": 1.0"))
    #expect(settings.request.prompt.hasPrefix("a (red:1.3)") && settings.request.negativePrompt == "text, watermark")
    #expect(settings.guides.map(\.name) == ["canny"] && settings.guides[0].kind == .controlNet)
    #expect(settings.unhonoured.count == 1 && settings.unhonoured[0].contains("ControlNet canny"))
    var found = settings
    found.use(Self.place, for: settings.guides[0])
    #expect(found.unhonoured == [] && found.request.controls.map(\.weight) == [0.7])
    let late = try self.settings(links, apply(", \"strength\": 1, \"start_percent\": 0.2, \"end_percent\": 1.0"))
    #expect(late.unhonoured.count == 2 && late.unhonoured.contains { $0.contains("from 0.2 to 1.0") })
    let off = try self.settings(links, apply(", \"strength\": 0"))
    #expect(off.guides.isEmpty && off.unhonoured == [])
    let mapped = try self.settings(
      links, Array(apply("").dropLast()) + [node(33, "MiDaS", "\"image\": [\"34\", 0]"), node(34, "LoadImage", "")])
    #expect(mapped.unhonoured.contains { $0.contains("MiDaS") })
  }

  @Test("An upscaler between the decoder and the file is read, where all that is saved went through it")
  func upscalers() throws {
    let large = [
      node(40, "ImageUpscaleWithModel", "\"upscale_model\": [\"41\", 0], \"image\": [\"8\", 0]"),
      node(41, "UpscaleModelLoader", "\"model_name\": \"4x-UltraSharp.pth\""),
    ]
    let links = [("\"images\": [\"8\", 0]", "\"images\": [\"40\", 0]")]
    let settings = try settings(links, large)
    #expect(settings.upscalers.map(\.name) == ["4x-UltraSharp"] && settings.upscalers[0].scale == nil)
    #expect(settings.unhonoured.count == 1 && settings.unhonoured[0].contains("4x-UltraSharp"))
    var found = settings
    found.use(Self.place, for: settings.upscalers[0])
    #expect(found.unhonoured == [])
    let both = try self.settings([], large + [node(42, "SaveImage", "\"images\": [\"40\", 0]")])
    #expect(both.upscalers.isEmpty && both.unhonoured.count == 1 && both.unhonoured[0].contains("4x-UltraSharp"))
    let scaled = try self.settings(
      [("\"images\": [\"8\", 0]", "\"images\": [\"43\", 0]")],
      large + [node(43, "ImageScaleBy", "\"image\": [\"40\", 0], \"scale_by\": 0.5")])
    #expect(scaled.upscalers.count == 1 && scaled.unhonoured.contains { $0.contains("ImageScaleBy") })
  }

  private static let place = URL(filePath: "/models/some.safetensors")
}
