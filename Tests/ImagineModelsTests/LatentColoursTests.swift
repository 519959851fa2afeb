import Foundation
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import Testing

@testable import ImagineModels

/// Latents as colours against numpy; `Tests/References/latent_colours.py` makes the golden.
@Suite struct LatentColoursTests {
  private struct Case: Decodable {
    let width: Int, height: Int, latents: [Float], pixels: [UInt8]
  }

  private static let spaces: [String: LatentColours] = [
    "stableDiffusion1": .stableDiffusion1, "stableDiffusionXL": .stableDiffusionXL, "playground": .playground,
  ]

  @Test(arguments: spaces.keys.sorted()) func agreesWithNumpy(_ name: String) throws {
    let file = try Data(contentsOf: Golden.url("previews/latent_colours.json"))
    let golden = try #require(try JSONDecoder().decode([String: Case].self, from: file)[name])
    let colours = try #require(Self.spaces[name])
    #expect(colours.pixels(golden.latents, width: golden.width, height: golden.height) == golden.pixels)
  }

  @Test func whatIsNoPictureIsRefused() {
    let colours = LatentColours.stableDiffusionXL, latents = [Float](repeating: 0, count: 24)
    #expect(colours.pixels(latents, width: 3, height: 2)?.count == 18)
    for (width, height) in [(2, 2), (0, 6), (-3, -2), (6, 0), (.max, 2), (.max, .max)] {
      #expect(colours.pixels(latents, width: width, height: height) == nil, "\(width)x\(height)")
    }
    #expect(colours.pixels(Array(latents.dropLast()), width: 3, height: 2) == nil)
    #expect(colours.pixels([], width: 0, height: 0) == nil)
  }

  @Test func whatIsNoNumberIsBlackOrCut() {
    let colours = LatentColours.stableDiffusion1
    #expect(colours.pixels([.nan, 0, 0, 0], width: 1, height: 1) == [0, 0, 0])
    #expect(colours.pixels([.infinity, 0, 0, 0], width: 1, height: 1) == [255, 255, 255])
    #expect(colours.pixels([-.infinity, 0, 0, 0], width: 1, height: 1) == [0, 0, 0])
  }

  /// Which colours a model has: its family's, unless its autoencoder normalises latents or has others.
  @Test func models() throws {
    func model(_ structure: SyntheticStructure) -> LatentFormat {
      DiffusionModel(structure.configuration, CheckpointLayout(shapes: [:], configurations: [:])).latent
    }
    #expect(model(try .stableDiffusion15()).colours == .stableDiffusion1)
    #expect(model(try .stableDiffusion21()).colours == .stableDiffusion1)
    #expect(model(try .stableDiffusionXL()).colours == .stableDiffusionXL)
    var six = try SyntheticStructure.stableDiffusionXL().configuration
    six.vae.latentChannels = 6
    #expect(model(SyntheticStructure(.stableDiffusionXL, six)).colours == nil)
    #expect(ModelFamily.stableDiffusionXL.normalisedLatentColours == .playground)
  }
}
