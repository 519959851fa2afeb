internal import ImagineCheckpoint

extension RecordedSettings {
  /// Reads ComfyUI's graph in the form it executes: nodes by number, each with its class and inputs, of which links are pairs
  /// of a node and an output.
  ///
  /// What counts is the last sampler that a saved picture comes from; nodes on its way that mean something else to the picture
  /// are listed by name.
  /// - Throws: `ImagineError` if it is no graph, or no sampler is in it.
  init(comfyGraph text: String) throws {
    let graph = try ComfyGraph(text)
    guard let sampler = graph.sampler else {
      throw ImagineError(
        .invalidRequest,
        "The ComfyUI graph in the picture has no sampler node that this version knows: give the settings by "
          + "hand.")
    }
    self.init(prompt: graph.text(sampler, "positive") ?? "", program: "ComfyUI")
    request.likeness = .comfyUI
    request.negativePrompt = graph.text(sampler, "negative") ?? ""
    request.seed = (sampler["seed"] ?? sampler["noise_seed"])?.int.flatMap { UInt64(exactly: $0) }
    request.steps = sampler["steps"]?.int
    request.guidanceScale = sampler["cfg"]?.double.map { Float($0) }
    readMethod(sampler)
    readLatents(graph, sampler)
    if let loader = graph.first(from: sampler, "model", where: { $0.inputs["ckpt_name"] != nil }) {
      modelName = loader.inputs["ckpt_name"]?.string
    }
    impossible += graph.others(from: sampler).map { "Its node \($0) is not something that this version can do." }
  }

  private mutating func readMethod(_ sampler: ComfyGraph.Node) {
    if let name = sampler["sampler_name"]?.word {
      if let named = try? Sampler.named(name) {
        request.sampler = named.sampler
      } else {
        impossible.append("Its sampler \(name) is not one that this version has.")
      }
    }
    if let name = sampler["scheduler"]?.word {
      if let schedule = try? Schedule(named: name) {
        request.schedule = schedule
      } else {
        impossible.append("Its scheduler \(name) is not one that this version has.")
      }
    }
  }

  private mutating func readLatents(_ graph: ComfyGraph, _ sampler: ComfyGraph.Node) {
    guard let source = graph.node(sampler.inputs["latent_image"]) else { return }
    if source.kind.hasPrefix("EmptyLatent"), let width = source["width"]?.int, let height = source["height"]?.int {
      request.size = Size(width: width, height: height)
      if let count = source["batch_size"]?.int, count > 1 {
        impossible.append(
          "It may be any of \(count) pictures of one batch, whose noise is drawn at once: the first is drawn.")
      }
    } else if source.kind == "VAEEncode" {
      change = RecordedChange(strength: sampler["denoise"]?.double ?? 1)
    } else {
      let strength = sampler["denoise"]?.double.map { " at a denoise of \($0)" } ?? ""
      impossible.append(
        "It was made from other latents (\(source.kind))\(strength), which are not in the file: give the picture again."
      )
    }
    if let denoise = sampler["denoise"]?.double, denoise < 1, source.kind.hasPrefix("EmptyLatent") {
      impossible.append("Its denoise of \(denoise) from empty latents is not possible here.")
    }
  }
}

/// ComfyUI's graph: what is needed of it.
struct ComfyGraph {
  struct Node {
    let id: String
    let kind: String
    let inputs: [String: JSONValue]

    subscript(_ name: String) -> JSONValue? { inputs[name] }
  }

  private let nodes: [String: Node]
  /// Links that are followed at most, so that a circle ends.
  private static let longestWay = 200

  init(_ text: String) throws {
    guard text.utf8.count <= 1 << 24, let json = try? JSONValue(parsing: Self.strict(text)),
      let members = json.object
    else {
      throw ImagineError(
        .invalidRequest, "The ComfyUI graph in the picture cannot be read: give the settings by hand.")
    }
    var nodes: [String: Node] = [:]
    for (id, value) in members {
      guard let kind = value["class_type"]?.string else { continue }
      var inputs: [String: JSONValue] = [:]
      for (name, input) in value["inputs"]?.object ?? [:] { inputs[name.text] = input }
      nodes[id.text] = Node(id: id.text, kind: kind, inputs: inputs)
    }
    self.nodes = nodes
  }

  /// Python writes numbers that are none as words, which JSON does not have.
  private static func strict(_ text: String) -> String {
    guard text.contains("NaN") || text.contains("Infinity") else { return text }
    var result = "", word = "", isQuoted = false, isEscaped = false
    func settled(_ word: String) -> String {
      ["NaN", "Infinity"].contains(word) ? "null" : word
    }
    for character in text.unicodeScalars {
      if !isQuoted, character.properties.isAlphabetic {
        word.unicodeScalars.append(character)
        continue
      }
      if word == "Infinity", result.last == "-" { result.removeLast() }
      result += settled(word)
      word = ""
      result.unicodeScalars.append(character)
      if isQuoted {
        if isEscaped {
          isEscaped = false
        } else if character == "\\" {
          isEscaped = true
        } else if character == "\"" {
          isQuoted = false
        }
      } else if character == "\"" {
        isQuoted = true
      }
    }
    return result + settled(word)
  }

  /// The node that a link leads to; nil for what is no link.
  func node(_ input: JSONValue?) -> Node? {
    guard let link = input?.array, link.count == 2, let id = link[0].string, link[1].int != nil else { return nil }
    return nodes[id]
  }

  private static let samplers = ["KSampler", "KSamplerAdvanced"]

  /// The sampler whose picture is saved: the last one, where several follow each other.
  var sampler: Node? {
    let all = nodes.values.filter { Self.samplers.contains($0.kind) }
    let feeding = Set(all.flatMap { way(from: $0.inputs["latent_image"]).map(\.id) })
    let saved = nodes.values.filter { $0.kind.hasPrefix("SaveImage") || $0.kind == "PreviewImage" }
    let wanted = Set(saved.flatMap { way(from: $0.inputs["images"]).map(\.id) })
    let last = all.filter { !feeding.contains($0.id) }
    return last.filter { wanted.contains($0.id) }.min(by: { order($0.id, $1.id) })
      ?? last.min(by: { order($0.id, $1.id) })
  }

  private func order(_ one: String, _ other: String) -> Bool {
    (Int(one) ?? .max, one) < (Int(other) ?? .max, other)
  }

  /// All nodes that feed an input, the nearest first.
  private func way(from input: JSONValue?) -> [Node] {
    var found: [Node] = [], seen: Set<String> = []
    var next = [node(input)].compactMap { $0 }
    while let node = next.popLast(), found.count < Self.longestWay {
      guard seen.insert(node.id).inserted else { continue }
      found.append(node)
      next += node.inputs.sorted { $0.key > $1.key }.compactMap { self.node($0.value) }
    }
    return found
  }

  func first(from node: Node, _ input: String, where matches: (Node) -> Bool) -> Node? {
    way(from: node.inputs[input]).first(where: matches)
  }

  /// The prompt that feeds a sampler's input, also where the text comes from a node of its own.
  func text(_ sampler: Node, _ input: String) -> String? {
    guard let encoder = first(from: sampler, input, where: { $0.kind.hasPrefix("CLIPTextEncode") }) else { return nil }
    for name in ["text", "text_g", "text_l"] {
      if let text = encoder[name]?.string { return text }
      if let source = node(encoder[name]) {
        for name in ["text", "string", "value", "Text", "prompt"] {
          if let text = source[name]?.string { return text }
        }
      }
    }
    return nil
  }

  private static let understood: Set<String> = [
    "KSampler", "KSamplerAdvanced", "CLIPTextEncode", "CheckpointLoaderSimple", "EmptyLatentImage", "VAEDecode",
    "SaveImage", "PreviewImage", "PrimitiveNode", "Note", "Reroute", "VAEDecodeTiled", "PrimitiveString",
    "PrimitiveStringMultiline", "LoadImage", "VAEEncode",
  ]

  /// The nodes that a sampler's picture comes from and that mean something this version does not read, by kind.
  func others(from sampler: Node) -> [String] {
    let all = sampler.inputs.values.flatMap { way(from: $0) }.filter { !Self.understood.contains($0.kind) }
    let names = all.map { node in
      let name = ["lora_name", "vae_name", "control_net_name", "model_name", "clip_name", "unet_name"].lazy
        .compactMap { node[$0]?.string }.first
      return name.map { "\(node.kind) (\($0))" } ?? node.kind
    }
    return Set(names).sorted()
  }
}
