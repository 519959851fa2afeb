package import ImagineGraph

/// Every spelling of every module of a model, and which modules it may stand for.
package struct ModuleNames: Sendable {
  package let modules: [AdaptedModule]
  /// In most files a spelling stands for one module. Without a network's name before it, it may be of either text encoder.
  private let indices: [String: [Int]]

  /// - Parameters:
  ///   - parameters: the shapes of all weights of the model, by path.
  ///   - absentLayers: layers that text encoders had behind those of the model, by network.
  package init(_ parameters: [String: Shape], absentLayers: [String: Int] = [:]) {
    var paths: [String: Set<String>] = [:]
    for parameter in parameters.keys {
      guard let dot = parameter.firstIndex(of: "."), let end = parameter.lastIndex(of: "."), dot < end,
        ["weight", "bias"].contains(parameter[parameter.index(after: end)...])
      else { continue }
      paths[String(parameter[..<dot]), default: []]
        .insert(String(parameter[parameter.index(after: dot)..<end]))
    }
    var modules: [AdaptedModule] = [], indices: [String: [Int]] = [:]
    func add(_ network: String, _ path: String, _ spellings: [String], isAbsent: Bool = false) {
      for spelling in Set(spellings) { indices[spelling, default: []].append(modules.count) }
      let parameter = "\(network).\(path)"
      modules.append(
        AdaptedModule(
          network: network, path: path, weight: parameters["\(parameter).weight"],
          bias: parameters["\(parameter).bias"],
          isAbsent: isAbsent))
    }
    let unet = paths["unet"] ?? [], original = OriginalUNetNames(unet)
    for path in unet.sorted() { add("unet", path, ModuleSpelling.unet(path, original: original[path])) }
    for (network, other) in [("text_encoder", "text_encoder_2"), ("text_encoder_2", "text_encoder")] {
      let known = paths[network] ?? [], isSecond = network == "text_encoder_2", isOnly = paths[other] == nil
      func spellings(_ path: String) -> [String] {
        ModuleSpelling.textEncoder(path, isSecond: isSecond, isOnly: isOnly)
      }
      for path in known.sorted() { add(network, path, spellings(path)) }
      let absent = Self.absent(absentLayers[network] ?? 0, behind: known)
      for path in absent.sorted() { add(network, path, spellings(path), isAbsent: true) }
    }
    self.modules = modules
    self.indices = indices
  }

  /// The modules that a spelling may stand for.
  func modules(spelled spelling: String) -> [AdaptedModule] { (indices[spelling] ?? []).map { modules[$0] } }

  private static let layers = "text_model.encoder.layers."

  /// The paths that layers behind the last one had.
  private static func absent(_ count: Int, behind paths: Set<String>) -> [String] {
    let numbers = paths.lazy.filter { $0.hasPrefix(layers) }.compactMap {
      Int($0.dropFirst(layers.count).prefix { $0 != "." })
    }
    guard count > 0, let last = numbers.max() else { return [] }
    let inside = paths.filter { $0.hasPrefix("\(layers)\(last).") }.map { $0.dropFirst("\(layers)\(last).".count) }
    return (1...count).flatMap { number in inside.map { "\(layers)\(last + number).\($0)" } }
  }
}
