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
    self.init(prompt: "", program: "ComfyUI")
    request.likeness = .comfyUI
    request.prompt = readText(graph, sampler, "positive", "prompt")
    request.negativePrompt = readText(graph, sampler, "negative", "negative prompt")
    request.seed = read(graph, sampler, sampler["seed"] == nil ? "noise_seed" : "seed") {
      $0.int.flatMap { UInt64(exactly: $0) } ?? $0.word.flatMap { UInt64($0) }
    }
    request.steps = read(graph, sampler, "steps", \.int)
    request.guidanceScale = read(graph, sampler, "cfg", \.double).map { Float($0) }
    readMethod(graph, sampler)
    readLatents(graph, sampler)
    readShare(graph, sampler)
    if let loader = graph.first(from: sampler, "model", where: { $0.inputs["ckpt_name"] != nil }) {
      modelName = loader.inputs["ckpt_name"]?.string
    }
    let read = readLoRAs(graph, sampler).union(readGuides(graph, sampler)).union(readUpscaler(graph, sampler))
    impossible += graph.others(around: sampler, read: read).map {
      "Its node \($0) is not something that this version can do."
    }
  }

  /// The value of an input; nil if there is none, or nothing can be made of it, which is then said.
  mutating func read<Value>(
    _ graph: ComfyGraph, _ node: ComfyGraph.Node, _ name: String, _ meaning: (JSONValue) -> Value?
  ) -> Value? {
    guard node[name] != nil else { return nil }
    if let value = graph.value(node, name).flatMap(meaning) { return value }
    impossible.append("Its \(name) is computed by other nodes, or is none that can be used: give it by hand.")
    return nil
  }

  private mutating func readText(
    _ graph: ComfyGraph, _ sampler: ComfyGraph.Node, _ input: String, _ name: String
  ) -> String {
    if let text = graph.text(sampler, input) { return text }
    if sampler[input] != nil {
      impossible.append("Its \(name) is not in a node that this version reads: give it by hand.")
    }
    return ""
  }

  /// "KSamplerAdvanced" can do some of the steps alone.
  private mutating func readShare(_ graph: ComfyGraph, _ sampler: ComfyGraph.Node) {
    guard sampler.kind == "KSamplerAdvanced" else { return }
    let start = read(graph, sampler, "start_at_step", \.int) ?? 0, end = read(graph, sampler, "end_at_step", \.int)
    if start > 0 {
      impossible.append("It begins at step \(start) of its sampler, which is not possible here: all are done.")
    }
    if let end, let steps = request.steps, end < steps {
      impossible.append("It ends at step \(end) of its sampler, which is not possible here: all are done.")
    }
    if read(graph, sampler, "add_noise", \.word) == "disable" {
      impossible.append("Its sampler adds no noise at first, which is not possible here.")
    }
  }

  private mutating func readMethod(_ graph: ComfyGraph, _ sampler: ComfyGraph.Node) {
    if let name = read(graph, sampler, "sampler_name", \.word) {
      if let named = try? Sampler.named(name) {
        request.sampler = named.sampler
      } else {
        impossible.append("Its sampler \(name) is not one that this version has.")
      }
    }
    if let name = read(graph, sampler, "scheduler", \.word) {
      if let schedule = try? Schedule(named: name) {
        request.schedule = schedule
      } else {
        impossible.append("Its scheduler \(name) is not one that this version has.")
      }
    }
  }

  private mutating func readLatents(_ graph: ComfyGraph, _ sampler: ComfyGraph.Node) {
    guard let source = graph.node(sampler["latent_image"]) else { return }
    let denoise = read(graph, sampler, "denoise", \.double)
    if source.kind == "VAEEncode" {
      change = RecordedChange(strength: denoise ?? 1)
      return
    }
    guard source.kind.hasPrefix("EmptyLatent") else {
      let strength = denoise.map { " at a denoise of \($0)" } ?? ""
      impossible.append(
        "It was made from other latents (\(source.kind))\(strength), which are not in the file: give the picture again."
      )
      return
    }
    let width = read(graph, source, "width", \.int), height = read(graph, source, "height", \.int)
    if let width, let height { request.size = Size(width: width, height: height) }
    if let count = read(graph, source, "batch_size", \.int), count > 1 {
      impossible.append(
        "It may be any of \(count) pictures of one batch, whose noise is drawn at once: the first is drawn.")
    }
    if let denoise, denoise < 1 {
      impossible.append("Its denoise of \(denoise) from empty latents is not possible here.")
    }
  }
}
