import ImagineCheckpoint

extension ModelFamily {
  /// Stable Diffusion 1.1 to 1.5 and whatever was trained from them; also smaller models of the same structure.
  package static let stableDiffusion1 = ModelFamily(
    name: "Stable Diffusion 1.x",
    recognises: { if case .stableDiffusion1(let input) = $0 { input.isDrawn } else { false } },
    // OpenAI's CLIP ViT-L/14.
    textEncoders: [TextEncoder(component: .textEncoder, padding: 49407, layer: 1, isNormalised: true)],
    latentScale: 0.18215,
    defaults: { _ in .stableDiffusion1 })
}
