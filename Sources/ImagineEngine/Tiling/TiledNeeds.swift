internal import ImagineGraph
internal import ImagineModels

/// What running a network in tiles takes.
struct TiledNeeds {
  /// What the backend needs, and
  var needs: MemoryNeeds
  /// the bytes of values on the host beside it, both where they are most together.
  var hostBytes: Int
  /// The operations of all tiles.
  var flops = 0.0
}

extension SectionedNetwork {
  /// What a picture takes in tiles, without reading a weight.
  ///
  /// - Parameters:
  ///   - tile: latent positions along one side of a tile.
  ///   - dropsSections: whether the weights of a part are let go before the next.
  func tiledNeeds(
    _ shape: NetworkShape, tile: Int, _ weights: any WeightSource, _ backend: any MemoryAwareBackend,
    _ precision: Precision, dropsSections: Bool
  ) throws -> TiledNeeds {
    var held = 0, side = tile * inputReduction, flops = 0.0
    var most = TiledNeeds(
      needs: MemoryNeeds(weightBytes: 0, passingBytes: 0, workingBytes: 0, loadingBytes: 0), hostBytes: 0)
    func count(_ part: MemoryNeeds, hostBytes: Int) {
      var needs = part
      needs.weightBytes += held
      needs.loadingBytes += held
      if !dropsSections { held = needs.weightBytes }
      if needs.peakBytes + hostBytes > most.needs.peakBytes + most.hostBytes {
        (most.needs, most.hostBytes) = (needs, hostBytes)
      }
    }
    func whole(_ part: WholePart, _ shape: Shape) throws -> Graph {
      let builder = GraphBuilder(precision: precision)
      return try builder.finish([part.trace(shape, seamless, builder)])
    }
    let seamless = shape.seamless
    var image = inputShape(shape.with(rows: 1))
    if let wholeBeginning {
      let graph = try whole(wholeBeginning, image)
      count(try backend.memoryNeeds(of: graph, weights: weights), hostBytes: 0)
      flops += graph.cost.flops
      image = try graph.onlyShape
    }
    for section in sections {
      let size = ImageSize(height: image[1], width: image[2], channels: image[3])
      let pass = SectionPass(section, size, side: side, seamless: seamless)
      let result = try pass.graph(of: .result, precision)
      var widest = pass.windowBytes(of: result)
      flops += result.cost.flops * Double(pass.tileCount)
      for index in pass.countedNorms {
        let graph = try pass.graph(of: .inputOfNorm(index), precision)
        widest = max(widest, pass.windowBytes(of: graph))
        flops += graph.cost.flops * Double(pass.tileCount)
      }
      let next = pass.resultSize(channels: try result.onlyShape.last).shape
      // The section's image and what it makes of it are on the host while its windows are computed.
      count(
        try backend.memoryNeeds(of: result, weights: weights), hostBytes: (image.count + next.count) * 4 + widest)
      image = next
      side = section.scale(side)
    }
    if let wholeEnd {
      let graph = try whole(wholeEnd, image), result = try graph.onlyShape
      count(try backend.memoryNeeds(of: graph, weights: weights), hostBytes: (image.count + result.count) * 4)
      flops += graph.cost.flops
    }
    if !dropsSections { most.needs.weightBytes = held }
    most.flops = flops
    return most
  }
}

extension Graph {
  /// The shape of the result of a graph that has one.
  fileprivate var onlyShape: Shape {
    get throws {
      guard let output = outputs.first else { throw GraphError("a part of a network had no result") }
      return self[output].type.shape
    }
  }
}
