/// A program whose pictures are to be drawn again, with the habits that make its pictures its own.
///
/// Programs agree on what a sampler is and differ around it: whose random numbers, how strong the first noise is, how many of
/// the steps change a given picture, how timesteps are rounded, what a weight in a prompt does, how pixels are rounded.
package enum Likeness: String, NamedChoice {
  case a1111
  case comfyUI = "comfyui"
  case diffusers
  case stableDiffusionCpp = "sd.cpp"

  package static let kind = "program"

  package var label: String {
    switch self {
    case .a1111: "AUTOMATIC1111"
    case .comfyUI: "ComfyUI"
    case .diffusers: "diffusers"
    case .stableDiffusionCpp: "stable-diffusion.cpp"
    }
  }

  package var aliases: [String] {
    switch self {
    case .a1111: ["webui", "forge", "stable-diffusion-webui"]
    case .comfyUI: ["comfy"]
    case .diffusers: ["huggingface"]
    case .stableDiffusionCpp: ["sdcpp"]
    }
  }
}
