import ImagineCheckpoint

/// Every family this version runs. A new one of this kind is another value here.
extension ModelFamily {
  package static let all: [ModelFamily] = [
    .stableDiffusion1, .stableDiffusion2, .stableDiffusionXL, .stableDiffusionXLRefiner,
  ]

  /// Stable Diffusion 1.1 to 1.5 and whatever was trained from them; also smaller models of the same structure.
  package static let stableDiffusion1 = ModelFamily(
    name: "Stable Diffusion 1.x",
    recognises: { if case .stableDiffusion1 = $0 { true } else { false } },
    // OpenAI's CLIP ViT-L/14.
    textEncoders: [TextEncoder(component: .textEncoder, padding: 49407, layer: 1, isNormalised: true)],
    latentScale: 0.18215,
    latentColours: .stableDiffusion1,
    defaults: { _ in GenerationDefaults(side: 512, guidanceScale: 7) })

  /// Stable Diffusion 2.0 and 2.1: those for 512 pixels, which predict the noise, and those that predict the velocity and
  /// were trained with larger pictures.
  package static let stableDiffusion2 = ModelFamily(
    name: "Stable Diffusion 2.x",
    recognises: { if case .stableDiffusion2 = $0 { true } else { false } },
    // OpenCLIP's ViT-H/14.
    textEncoders: [
      TextEncoder(component: .textEncoder, padding: 0, layer: 2, isNormalised: true, publishedLayers: 24)
    ],
    latentScale: 0.18215,
    latentColours: .stableDiffusion1,
    predictsByClue: true,
    defaults: { GenerationDefaults(side: $0 == "v_prediction" ? 768 : 512, guidanceScale: 7) })

  /// Stable Diffusion XL and what was distilled from it: SSD-1B, Vega, Turbo, Lightning.
  package static let stableDiffusionXL = ModelFamily(
    name: "Stable Diffusion XL",
    recognises: { if case .stableDiffusionXL = $0 { true } else { false } },
    // OpenAI's CLIP ViT-L/14 and OpenCLIP's ViT-bigG/14.
    textEncoders: [
      TextEncoder(component: .textEncoder, padding: 49407, layer: 2, isNormalised: false),
      TextEncoder(component: .textEncoder2, padding: 0, layer: 2, isNormalised: false),
    ],
    latentScale: 0.13025,
    latentColours: .stableDiffusionXL,
    normalisedLatentColours: .playground,
    alignedSteps: "SDXL",
    zeroesEmptyNegative: true,
    defaults: { _ in GenerationDefaults(side: 1024, guidanceScale: 5) })

  /// The second model of Stable Diffusion XL, made for the last steps of a picture.
  package static let stableDiffusionXLRefiner = ModelFamily(
    name: "Stable Diffusion XL refiner",
    recognises: { $0 == .stableDiffusionXLRefiner },
    textEncoders: [TextEncoder(component: .textEncoder2, padding: 0, layer: 2, isNormalised: false)],
    latentScale: 0.13025,
    latentColours: .stableDiffusionXL,
    alignedSteps: "SDXL",
    defaults: { _ in GenerationDefaults(side: 1024, guidanceScale: 5) })
}
