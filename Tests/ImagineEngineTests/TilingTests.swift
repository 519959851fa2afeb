import ImagineCPU
import ImagineCheckpoint
import ImagineGraph
import ImagineModels
import ImagineTesting
import Testing

@testable import ImagineEngine

@Suite struct TilingTests {
  /// Every position is kept once, and what a kept position depends on is in its window.
  @Test(arguments: [1, 2, 7, 8, 9, 24, 25, 61], [1, 3, 8, 16])
  func windowsCoverTheImage(_ extent: Int, _ side: Int) {
    for reach in [0, 1, 4, 6] {
      let grid = TileGrid(height: extent, width: 5, side: side, reach: reach)
      #expect(grid.height <= extent && grid.height <= side + 2 * reach)
      let rows = Set(grid.tiles.map(\.rows)).sorted { $0.kept.lowerBound < $1.kept.lowerBound }
      #expect(rows.flatMap { Array($0.kept) } == Array(0..<extent))
      for span in rows {
        let window = span.start..<span.start + grid.height
        let seen = max(span.kept.lowerBound - reach, 0)..<min(span.kept.upperBound + reach, extent)
        #expect(window.lowerBound >= 0 && window.upperBound <= extent)
        #expect(window.lowerBound <= seen.lowerBound && seen.upperBound <= window.upperBound)
      }
    }
  }

  /// Where the image goes on at its other end, no window stops at an edge.
  @Test(arguments: [24, 25, 61], [1, 3, 8]) func windowsGoOnAtTheOtherEnd(_ extent: Int, _ side: Int) {
    let reach = 4, grid = TileGrid(height: 5, width: extent, side: side, reach: reach, wraps: .x)
    for tile in grid.tiles {
      #expect(tile.rows == TileGrid.Span(start: 0, kept: 0..<5), "as long as the axis")
      #expect(tile.columns.keptInWindow.lowerBound == reach)
      #expect(tile.columns.keptInWindow.upperBound <= grid.width - reach)
    }
    #expect(grid.tiles.flatMap { Array($0.columns.kept) } == Array(0..<extent))
    let image = HostImage(HostTensor([1, 1, 3, 1], [0, 1, 2] as [Float]))
    let around = TileGrid.Tile(rows: .init(start: -1, kept: 0..<1), columns: .init(start: -4, kept: 0..<1))
    #expect(image.window(around, height: 2, width: 8).floats == [2, 0, 1, 2, 0, 1, 2, 0, 2, 0, 1, 2, 0, 1, 2, 0])
  }

  /// A section's reach is what its result really depends on: more positions around a window change nothing, fewer do.
  @Test(arguments: [Network.Role.decoder, .encoder]) func reachIsExact(_ role: Network.Role) throws {
    let opened = try TinyModel.opened(), backend = try CPUBackend(threads: 2)
    for section in try #require(opened.model[role]?.tiling).sections {
      // The encoder begins with pictures; a doubled image keeps its channels.
      let depth = role == .encoder && !section.beginsWithNorm ? 3 : section.norms[0].weight.shape[0]
      let unit = section.scale == .halved ? 2 : 1, most = unit + 2 * (section.reach + unit)
      func middle(reach: Int) throws -> [Float] {
        let side = unit + 2 * reach, cut = (most - side) / 2
        let builder = GraphBuilder()
        // Where a norm only passes values on, a result depends on neighbours alone.
        let output = section(builder.input("x", [1, side, side, depth])) { _, x in x }
        let graph = try builder.finish([output])
        let plan = try backend.plan(graph, weights: backend.upload(opened.weights, for: graph))
        let whole = Distribution.normal().tensor(TensorType([1, most, most, depth], .float32), seed: "reach")
        let tile = TileGrid.Tile(
          rows: .init(start: cut, kept: 0..<0), columns: .init(start: cut, kept: 0..<0))
        let result = try plan.run(["x": HostImage(whole).window(tile, height: side, width: side)])[0]
        let position = section.scale(reach)
        let start = (position * result.shape[2] + position) * result.shape[3]
        return Array(result.floats[start..<start + result.shape[3]])
      }
      let exact = try middle(reach: section.reach + unit)
      #expect(Comparison(try middle(reach: section.reach), exact).relativeL2 < 1e-5, "reach is too short")
      #expect(
        Comparison(try middle(reach: section.reach - 2), exact).relativeL2 > 1e-5, "reach is longer than need be")
    }
  }

  /// The statistics of parts, put together, are the group norm of the whole.
  @Test func statisticsAreThoseOfTheWhole() throws {
    let opened = try TinyModel.opened()
    let norm = try #require(opened.model[.decoder]?.tiling?.sections.last?.norms.last)
    let channels = norm.weight.shape[0], backend = try CPUBackend(threads: 1)
    let x = Distribution.normal(mean: 3, deviation: 2).tensor(
      TensorType([1, 13, 9, channels], .float32), seed: "statistics")
    let builder = GraphBuilder()
    let graph = try builder.finish([norm(builder.input("x", x.shape))])
    let expected = try backend.plan(graph, weights: backend.upload(opened.weights, for: graph)).run(["x": x])[0]

    let grid = TileGrid(height: 13, width: 9, side: 4, reach: 2), image = HostImage(x)
    var statistics = NormStatistics(channels: channels)
    for tile in grid.tiles {
      statistics.add(tile, of: image.window(tile, height: grid.height, width: grid.width), scale: .same)
    }
    func vector(_ parameter: Parameter) throws -> [Float] {
      var values = [Float](repeating: 0, count: channels)
      try values.withUnsafeMutableBytes { try opened.weights.read(parameter.path, as: .float32, into: $0) }
      return values
    }
    let (scale, shift) = statistics.map(norm, weight: try vector(norm.weight), bias: try vector(norm.bias))
    let ours = x.floats.enumerated().map { $1 * scale[$0 % channels] + shift[$0 % channels] }
    #expect(Comparison(ours, expected.floats).relativeL2 < 1e-5)
  }

  /// Attention over a large picture keeps no weight for every pair of its positions, even where it is taken apart.
  @Test(arguments: [Network.Role.decoder, .encoder]) func whatSeesALargePictureWholeIsSmall(
    _ role: Network.Role
  ) throws {
    let parts = try #require(try TinyModel.opened().model[role]?.tiling), builder = GraphBuilder()
    let part = try #require(role == .decoder ? parts.beginning : parts.end)
    let graph = try builder.finish([part(builder.input("x", [1, 96, 96, role == .decoder ? 4 : 16]))])
      .lowered { op, _ in !op.isFused }
    let largest = graph.nodes.map(\.type.byteCount).max() ?? 0
    #expect(largest > 0 && largest <= 64 << 20)
  }
}
