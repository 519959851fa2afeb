import Foundation
import Imagine
import ImagineGoldens
import Testing

/// Every sampler in the likeness of every program where a run is hardly one: a step or two, strengths at their ends, levels
/// given outright.
@Suite struct ShortRunTests {
  enum Kind: CaseIterable {
    case oneStep, twoSteps, nothingChanged, allChanged, maskChanged, ownLevels, ownLevelsOverPicture
  }

  static let programs: [String] = ["none"] + Likeness.all.map(\.name)

  @Test(arguments: programs, Kind.allCases) func drawsAPicture(_ program: String, _ kind: Kind) async throws {
    let pipeline = try await TinyModel.pipeline()
    for sampler in Sampler.all {
      var request = TinyModel.request
      request.size = Size(width: 32, height: 32)
      request.sampler = sampler
      request.likeness = program == "none" ? nil : try Likeness(named: program)
      switch kind {
      case .oneStep: request.steps = 1
      case .twoSteps: request.steps = 2
      case .nothingChanged, .allChanged:
        var image = InitialImage(try PictureGolden.picture(Size(width: 32, height: 32)))
        image.strength = kind == .allChanged ? 1 : 0
        request.initialImage = image
      case .maskChanged:
        var image = InitialImage(try PictureGolden.picture(Size(width: 32, height: 32)))
        image.mask = Mask(try PictureGolden.mask(Size(width: 32, height: 32)))
        image.mask?.content = .noise
        image.strength = 0.5
        request.initialImage = image
      case .ownLevels: request.samplerSettings.sigmas = [14, 3, 0.5, 0]
      case .ownLevelsOverPicture:
        request.samplerSettings.sigmas = [14, 3, 0.5, 0]
        request.initialImage = InitialImage(try PictureGolden.picture(Size(width: 32, height: 32)))
        request.initialImage?.strength = 1
      }
      do {
        let steps = try await drawn(request, pipeline, "\(sampler.name)")
        if kind == .ownLevels, sampler.callsPerStep == 1,
          !["dpm_fast", "dpm_adaptive", "restart"].contains(sampler.name)
        {
          #expect(steps == 3, "\(sampler.name)")
        }
        if kind == .nothingChanged, program == "none" || program == "comfyui" { #expect(steps == 0, "\(sampler.name)") }
        if kind == .twoSteps { #expect(1...4 ~= steps, "\(sampler.name): \(steps)") }
      } catch let error as ImagineError {
        // diffusers refuses to do no step at all; nothing else here is refused.
        #expect(
          program == "diffusers" && kind == .nothingChanged && error.code == .invalidRequest,
          "\(sampler.name): \(error.message)")
      }
    }
  }

  /// Draws a picture and checks it and its progress.
  ///
  /// - Returns: how many steps were told.
  private func drawn(_ request: GenerationRequest, _ pipeline: Pipeline, _ name: String) async throws -> Int {
    var steps: [GenerationStep] = [], images: [GeneratedImage] = []
    for try await event in pipeline.generate(request) {
      if case .step(let step) = event { steps.append(step) }
      if case .image(let image) = event { images.append(image) }
    }
    #expect(images.count == 1, "\(name)")
    #expect(steps.map(\.index) == Array(1..<steps.count + 1), "\(name)")
    #expect(steps.allSatisfy { $0.count == steps.count }, "\(name)")
    let image = try #require(images.first)
    #expect(Set(image.pixels).count > 8, "\(name)")
    #expect(image.tensors == nil, "\(name)")
    return steps.count
  }
}
