import ImagineCheckpoint

extension ModelFamily {
  /// Stable Diffusion 2.0 and 2.1, those for 512 pixels, which predict the noise, and those for 768, which predict the
  /// velocity.
  package static let stableDiffusion2 = ModelFamily(
    name: "Stable Diffusion 2.x",
    recognises: { if case .stableDiffusion2(let input) = $0 { input.isDrawn } else { false } },
    // OpenCLIP's ViT-H/14.
    textEncoders: [
      TextEncoder(component: .textEncoder, padding: 0, layer: 2, isNormalised: true, publishedLayers: 24)
    ],
    latentScale: 0.18215,
    predictsByClue: true,
    defaults: { .stableDiffusion2(prediction: $0) })
}
