internal import ImagineCheckpoint

/// ComfyUI's graph: what is needed of it.
struct ComfyGraph {
  struct Node {
    let id: String
    let kind: String
    let inputs: [String: JSONValue]

    subscript(_ name: String) -> JSONValue? { inputs[name] }
  }

  private let nodes: [String: Node]

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

  /// Python writes numbers that JSON, or its reader here, does not have: those that are none become null, and whole ones from
  /// 2^63 on, as half of all seeds are, strings.
  private static func strict(_ text: String) -> String {
    var result: [UInt8] = [], word: [UInt8] = [], isQuoted = false, isEscaped = false
    result.reserveCapacity(text.utf8.count)
    func settle() {
      guard !word.isEmpty else { return }
      defer { word.removeAll(keepingCapacity: true) }
      guard word.count <= 20 else {
        result += word
        return
      }
      let number = String(decoding: word, as: UTF8.self)
      if ["NaN", "Infinity", "-Infinity"].contains(number) {
        result += Array("null".utf8)
      } else if word.count >= 19, Int(number) == nil, let whole = UInt64(number) {
        result += Array("\"\(whole)\"".utf8)
      } else {
        result += word
      }
    }
    for byte in text.utf8 {
      if !isQuoted {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
          UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "+"), UInt8(ascii: "-"):
          word.append(byte)
          continue
        default: settle()
        }
        isQuoted = byte == UInt8(ascii: "\"")
      } else if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\\") {
        isEscaped = true
      } else {
        isQuoted = byte != UInt8(ascii: "\"")
      }
      result.append(byte)
    }
    settle()
    return String(decoding: result, as: UTF8.self)
  }

  /// The node that a link leads to; nil for what is no link.
  func node(_ input: JSONValue?) -> Node? {
    guard let link = input?.array, link.count == 2, let id = link[0].string, link[1].int != nil else { return nil }
    return nodes[id]
  }

  private static let samplers = ["KSampler", "KSamplerAdvanced"]

  /// Nodes that stand for the one value in them.
  private static let constants: Set<String> = [
    "PrimitiveInt", "PrimitiveFloat", "PrimitiveString", "PrimitiveStringMultiline", "INTConstant", "FloatConstant",
    "StringConstant", "StringConstantMultiline", "Seed (rgthree)",
  ]

  /// What an input is: as it stands, or as a node of one value has it; nil where it is neither.
  func value(_ node: Node, _ name: String) -> JSONValue? {
    guard let input = node[name] else { return nil }
    guard input.array != nil else { return input.object == nil ? input : nil }
    guard let source = self.node(input), Self.constants.contains(source.kind) else { return nil }
    return [name, "value", "string"].lazy.compactMap { source[$0] }.first { $0.array == nil && $0.object == nil }
  }

  /// The sampler whose picture is saved: the last one, where several follow each other.
  var sampler: Node? {
    let all = nodes.values.filter { Self.samplers.contains($0.kind) }
    let feeding = Set(way(from: all.map { $0["latent_image"] }).map(\.id))
    let wanted = Set(way(from: saving.map { $0["images"] }).map(\.id))
    let last = all.filter { !feeding.contains($0.id) }
    return last.filter { wanted.contains($0.id) }.min(by: { order($0.id, $1.id) })
      ?? last.min(by: { order($0.id, $1.id) })
  }

  private func order(_ one: String, _ other: String) -> Bool {
    (Int(one) ?? .max, one) < (Int(other) ?? .max, other)
  }

  /// All nodes that feed some inputs, each once, however many ways lead there: no graph takes longer than its length.
  private func way(from inputs: [JSONValue?]) -> [Node] {
    var found: [Node] = [], seen: Set<String> = []
    var next = inputs.compactMap(node)
    while let node = next.popLast() {
      guard seen.insert(node.id).inserted else { continue }
      found.append(node)
      next += node.inputs.sorted { $0.key > $1.key }.compactMap { self.node($0.value) }
    }
    return found
  }

  func first(from node: Node, _ input: String, where matches: (Node) -> Bool) -> Node? {
    way(from: [node[input]]).first(where: matches)
  }

  /// The nodes behind an input, one after the other, as long as one of these inputs leads on.
  func chain(from input: JSONValue?, along names: [String]) -> [Node] {
    var chain: [Node] = [], seen: Set<String> = [], next = node(input)
    while let node = next, seen.insert(node.id).inserted {
      chain.append(node)
      next = names.lazy.compactMap { self.node(node[$0]) }.first
    }
    return chain
  }

  /// What a prompt passes on its way to a sampler, the last first.
  func conditioning(_ sampler: Node, _ input: String) -> [Node] {
    chain(from: sampler[input], along: [input, "conditioning"])
  }

  /// The node that encodes the prompt of a sampler's input.
  func encoder(_ sampler: Node, _ input: String) -> Node? {
    func encodes(_ node: Node) -> Bool { node.kind.hasPrefix("CLIPTextEncode") }
    return conditioning(sampler, input).first(where: encodes) ?? first(from: sampler, input, where: encodes)
  }

  /// For each node that saves what a sampler makes, those in between: what becomes of the picture.
  func afterwards(_ sampler: Node) -> [[Node]] {
    let before = Set(way(to: sampler).map(\.id)).union([sampler.id])
    return saving.sorted { order($0.id, $1.id) }.compactMap { saved in
      let way = way(from: [saved["images"]])
      return way.contains { $0.id == sampler.id } ? way.filter { !before.contains($0.id) } : nil
    }
  }

  /// The nodes that a node's inputs come from.
  private func way(to node: Node) -> [Node] { way(from: node.inputs.sorted { $0.key < $1.key }.map(\.value)) }

  private var saving: [Node] { nodes.values.filter { $0.kind.hasPrefix("SaveImage") || $0.kind == "PreviewImage" } }

  /// The prompt that feeds a sampler's input, also where the text comes from a node of its own.
  func text(_ sampler: Node, _ input: String) -> String? {
    guard let encoder = encoder(sampler, input) else { return nil }
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
    "SaveImage", "PreviewImage", "PrimitiveNode", "Note", "Reroute", "VAEDecodeTiled", "LoadImage",
    "VAEEncode",
  ]

  /// The nodes that a sampler's picture comes from, or that change it afterwards, and that mean something this version does not
  /// read, by kind.
  ///
  /// - Parameter read: those that were understood already.
  func others(around sampler: Node, read: Set<String>) -> [String] {
    let all = (way(to: sampler) + afterwards(sampler).joined()).filter {
      !Self.understood.contains($0.kind) && !Self.constants.contains($0.kind) && !read.contains($0.id)
    }
    let names = all.map { node in
      let name = ["lora_name", "vae_name", "control_net_name", "model_name", "clip_name", "unet_name"].lazy
        .compactMap { node[$0]?.string }.first
      return name.map { "\(node.kind) (\($0))" } ?? node.kind
    }
    return Set(names).sorted()
  }
}
