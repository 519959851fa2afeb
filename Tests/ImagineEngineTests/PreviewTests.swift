import Foundation
import ImagineCPU
import ImagineCheckpoint
import ImagineEngineTesting
import ImagineGoldens
import ImagineGraph
import ImagineImage
import ImagineModels
import ImagineTesting
import Testing

@testable import ImagineEngine

/// Previews of what is being drawn, by whichever way a model has.
@Suite struct PreviewTests {
  private let latents = Distribution.normal().tensor(TensorType([4, 3, 5], .float32), seed: "preview").floats

  private func maker(
    _ opened: OpenedModel, on backend: any Backend, _ policy: MemoryPolicy = MemoryPolicy()
  ) -> PreviewMaker {
    PreviewMaker(model: opened.model, runner: NetworkRunner(opened, on: backend), policy: policy, seamless: []) { _ in }
  }

  /// The tiny model with a small autoencoder in place of its own.
  private func withSmallAutoencoder(_ body: (OpenedModel) async throws -> Void) async throws {
    try await withTemporaryFolder { folder in
      let file = folder.appending(path: "taesd.safetensors")
      try TinyAutoencoderFile.write(to: file)
      var sources = ModelSources(TinyModel.file)
      sources.parts[.vae] = file
      try await body(OpenedModel(sources))
    }
  }

  @Test func coloursAreTheUsualWay() throws {
    let opened = try TinyModel.opened(), device = FailingBackend(try CPUBackend(threads: 2))
    let maker = maker(opened, on: device)
    #expect(maker.way == .colours(.stableDiffusion1))
    let picture = try #require(try maker.picture(latents, width: 5, height: 3))
    #expect(picture.width == 5 && picture.height == 3)
    #expect(picture.pixels == LatentColours.stableDiffusion1.pixels(latents, width: 5, height: 3))
    #expect(device.plans.isEmpty, "no network is run for it")
    #expect(try maker.picture(latents, width: 5, height: 4) == nil)
  }

  @Test func aSmallAutoencoderDecodes() async throws {
    try await withSmallAutoencoder { opened in
      let maker = maker(opened, on: try CPUBackend(threads: 2))
      #expect(maker.way == .autoencoder)
      let picture = try #require(try maker.picture(latents, width: 5, height: 3))
      #expect(picture.width == 40 && picture.height == 24 && Set(picture.pixels).count > 10)
      #expect(try maker.picture(latents, width: 5, height: 4) == nil)
    }
  }

  /// Neither is the denoiser thrown out for a preview, nor does drawing end with it.
  @Test func coloursStandIn() async throws {
    try await withSmallAutoencoder { opened in
      let colours = try #require(opened.model.latent.colours?.pixels(latents, width: 5, height: 3))
      var turns = MemoryPolicy()
      turns.takesTurns = true
      let device = FailingBackend(try CPUBackend(threads: 2))
      #expect(try maker(opened, on: device, turns).picture(latents, width: 5, height: 3)?.pixels == colours)
      #expect(device.plans.isEmpty)
      for failure in [BackendFailureKind.outOfMemory, .other] {
        let failing = FailingBackend(try CPUBackend(threads: 2), onPlan: { _ in failure })
        #expect(try maker(opened, on: failing).picture(latents, width: 5, height: 3)?.pixels == colours)
      }
    }
  }
}
