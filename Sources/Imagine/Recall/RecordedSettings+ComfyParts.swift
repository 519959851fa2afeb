internal import ImagineCheckpoint

/// What stands beside the model in ComfyUI's graph. Each of these says which nodes it has understood.
extension RecordedSettings {
  private static let loraLoaders: Set<String> = ["LoraLoader", "LoraLoaderModelOnly"]

  /// The LoRAs on the way from the checkpoint to the sampler, and to the prompts.
  mutating func readLoRAs(_ graph: ComfyGraph, _ sampler: ComfyGraph.Node) -> Set<String> {
    func loaders(_ input: JSONValue?, _ name: String) -> [ComfyGraph.Node] {
      graph.chain(from: input, along: [name]).filter { Self.loraLoaders.contains($0.kind) }
    }
    let ofModel = loaders(sampler["model"], "model")
    let ofPrompts = ["positive", "negative"].map { loaders(graph.encoder(sampler, $0)?["clip"], "clip") }
    let ids = ofPrompts.map { $0.map(\.id) }
    if ids[0] != ids[1], graph.encoder(sampler, "negative") != nil {
      impossible.append(
        "Its two prompts are read with different LoRAs, which is not possible here: those of the first are taken.")
    }
    // The first in the graph is the first to change the model.
    let others = ofPrompts[0].filter { node in !ofModel.contains { $0.id == node.id } }
    for node in (ofModel + others).reversed() {
      readLoRA(
        graph, node, changesModel: ofModel.contains { $0.id == node.id },
        changesPrompts: node.kind == "LoraLoader" && ids[0].contains(node.id))
    }
    return Set((ofModel + ofPrompts.joined()).map(\.id))
  }

  private mutating func readLoRA(
    _ graph: ComfyGraph, _ node: ComfyGraph.Node, changesModel: Bool, changesPrompts: Bool
  ) {
    func strength(_ name: String) -> Float? {
      node[name] == nil ? 1 : graph.value(node, name)?.double.map { Float($0) }
    }
    guard let path = graph.value(node, "lora_name")?.string else {
      impossible.append("Which LoRA its node \(node.kind) loads is computed by other nodes: give it by hand.")
      return
    }
    let name = LibraryEntry.recordedName(path)
    guard let model = changesModel ? strength("strength_model") : 0,
      let prompts = changesPrompts ? strength("strength_clip") : 0
    else {
      impossible.append("The strength of the LoRA \(name) is computed by other nodes: give it by hand.")
      return
    }
    guard model != 0 || prompts != 0 else { return }
    if let index = request.loras.firstIndex(where: { $0.name == name }) {
      // What is loaded twice adds up.
      let before = request.loras[index]
      request.loras[index].weight += model
      request.loras[index].textEncoderWeight = (before.textEncoderWeight ?? before.weight) + prompts
    } else {
      request.loras.append(LoRA(named: name, weight: model, textEncoderWeight: prompts))
      loras.append(RecordedName(name: name, hash: nil))
    }
  }

  /// The ControlNets on the prompt's way to the sampler.
  mutating func readGuides(_ graph: ComfyGraph, _ sampler: ComfyGraph.Node) -> Set<String> {
    var understood: Set<String> = []
    let nodes = graph.conditioning(sampler, "positive").filter {
      ["ControlNetApply", "ControlNetApplyAdvanced"].contains($0.kind)
    }
    for node in nodes.reversed() {
      guard let loader = graph.node(node["control_net"]), loader.kind == "ControlNetLoader",
        let name = graph.value(loader, "control_net_name")?.string,
        let strength = node["strength"] == nil ? 1 : graph.value(node, "strength")?.double
      else { continue }
      understood.formUnion([node.id, loader.id])
      guard strength != 0 else { continue }
      let guide = RecordedGuide(name, weight: Float(strength))
      guides.append(guide)
      let start = read(graph, node, "start_percent", \.double) ?? 0,
        end = read(graph, node, "end_percent", \.double) ?? 1
      if start > 0 || end < 1 {
        impossible.append(
          "\(guide.name) guided from \(start) to \(end) of the noise, which is not possible here: it guides all steps.")
      }
    }
    return understood
  }

  /// The upscaler that the picture went through before it was saved.
  mutating func readUpscaler(_ graph: ComfyGraph, _ sampler: ComfyGraph.Node) -> Set<String> {
    let ways = graph.afterwards(sampler).map { $0.filter { $0.kind == "ImageUpscaleWithModel" } }
    guard let node = ways.lazy.compactMap(\.first).first, Set(ways.joined().map(\.id)).count == 1,
      let loader = graph.node(node["upscale_model"]), loader.kind == "UpscaleModelLoader",
      let path = graph.value(loader, "model_name")?.string
    else { return [] }
    let upscaler = RecordedUpscaler(LibraryEntry.recordedName(path), scale: nil)
    if ways.contains(where: \.isEmpty) {
      impossible.append(
        "The graph saves two pictures, and the file does not say whether it is the one that \(upscaler.name) made larger: the "
          + "small one is drawn.")
    } else {
      upscalers.append(upscaler)
    }
    return [node.id, loader.id]
  }
}
