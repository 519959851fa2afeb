import Foundation
import ImagineGraph
import Testing

@testable import Imagine
@testable import ImagineEngine

/// One cause has one code, whatever computed.
@Suite struct ErrorTranslationTests {
  private struct AnyBackendsFailure: BackendFailure, CustomStringConvertible {
    let failure: BackendFailureKind
    let description = "A backend's words."
  }

  @Test(arguments: [
    (BackendFailureKind.outOfMemory, ImagineError.Code.outOfMemory), (.notFinite, .nonFiniteValues),
    (.unsupported, .deviceFailed), (.deviceLost, .deviceFailed), (.other, .deviceFailed),
  ])
  func failuresOfAnyBackend(_ kind: BackendFailureKind, _ code: ImagineError.Code) {
    let error = ImagineError.translated(AnyBackendsFailure(failure: kind)) as? ImagineError
    #expect(error?.code == code && error?.message == "A backend's words.")
  }

  static let weights = [
    "text_encoder.text_model.final_layer_norm.weight", "unet.conv_in.weight", "unet.conv_out.bias",
    "vae.decoder.conv_out.bias", "vae.post_quant_conv.weight",
  ]

  static func code(ofInfinite weight: String, on device: OpenedDevice?) async throws -> ImagineError.Code? {
    try await withTemporaryFolder { folder in
      let url = try TinyModel.copy(in: folder, multiplying: weight, by: .infinity)
      let options = Pipeline.Options(device: .cpu, precision: .float32)
      let pipeline =
        if let device { try await Pipeline(OpenedModel(url), options, on: device) } else {
          try await Pipeline(model: url, options: options)
        }
      let error = await #expect(throws: ImagineError.self) { try await pipeline.image(TinyModel.request) }
      return error?.code
    }
  }

  @Test(arguments: weights) func infiniteWeightsOnTheProcessor(_ weight: String) async throws {
    #expect(try await Self.code(ofInfinite: weight, on: nil) == .nonFiniteValues)
  }
}

extension VulkanTests {
  @Suite struct InfiniteWeights {
    @Test(arguments: ErrorTranslationTests.weights) func onAnotherDevice(_ weight: String) async throws {
      #expect(
        try await ErrorTranslationTests.code(ofInfinite: weight, on: VulkanTestDevice.opened()) == .nonFiniteValues)
    }
  }
}
