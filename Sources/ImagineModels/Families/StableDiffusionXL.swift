import ImagineCheckpoint

extension ModelFamily {
  /// Stable Diffusion XL and what was distilled from it: SSD-1B, Vega, Turbo, Lightning.
  package static let stableDiffusionXL = ModelFamily(
    name: "Stable Diffusion XL",
    recognises: { if case .stableDiffusionXL(let input) = $0 { input.isDrawn } else { false } },
    // OpenAI's CLIP ViT-L/14 and OpenCLIP's ViT-bigG/14.
    textEncoders: [
      TextEncoder(component: .textEncoder, padding: 49407, layer: 2, isNormalised: false),
      TextEncoder(component: .textEncoder2, padding: 0, layer: 2, isNormalised: false),
    ],
    latentScale: 0.13025,
    zeroesEmptyNegative: true,
    defaults: { _ in .stableDiffusionXL })

  /// The second model of Stable Diffusion XL, made for the last steps of a picture.
  package static let stableDiffusionXLRefiner = ModelFamily(
    name: "Stable Diffusion XL refiner",
    recognises: { $0 == .stableDiffusionXLRefiner },
    textEncoders: [TextEncoder(component: .textEncoder2, padding: 0, layer: 2, isNormalised: false)],
    latentScale: 0.13025,
    defaults: { _ in .stableDiffusionXLRefiner })
}
