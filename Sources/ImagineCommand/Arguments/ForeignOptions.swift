/// Options of other programs, by the names people bring from them.
enum ForeignOptions {
  /// The same thing under another name. Names are in small letters with hyphens.
  static let aliases: [String: String] = [
    "--guidance-scale": "--cfg-scale", "--prompt-strength": "--cfg-scale",
    "--num-inference-steps": "--steps", "--inference-steps": "--steps", "--sample-steps": "--steps",
    "--sampling-steps": "--steps",
    "--sampler-name": "--sampler", "--sample-method": "--sampler", "--solver": "--sampler",
    "--schedule-type": "--schedule",
    "--num-images-per-prompt": "--batch-count", "--num-images": "--batch-count", "--image-count": "--batch-count",
    "--n-iter": "--batch-count", "--batch-size": "--batch-count", "--repeats": "--batch-count", "-r": "--batch-count",
    "--out": "--output", "--outdir": "--output", "--output-dir": "--output", "--output-path": "--output",
    "--prompt-file": "--prompts", "--from-file": "--prompts",
    "--ckpt": "--model", "--ckpt-path": "--model", "--checkpoint": "--model", "--model-path": "--model",
    "--backend": "--device", "--dtype": "--precision", "--torch-dtype": "--precision", "--type": "--precision",
    "--lowvram": "--low-memory", "--medvram": "--low-memory", "--offload-to-cpu": "--low-memory",
    "--disable-image-metadata": "--no-metadata", "--disable-metadata": "--no-metadata",
    "--n-threads": "--threads", "--silent": "--quiet", "-w": "--width",
    "--vae-path": "--vae", "--taesd": "--vae", "--diffusion-model": "--unet", "--unet-path": "--unet",
    "--prediction-type": "--prediction", "--clip-stop-at-last-layers": "--clip-skip",
    "--refiner-model": "--refiner", "--refiner-checkpoint": "--refiner", "--refiner-switch-at": "--refiner-start",
    "--image": "--init-image", "--input-image": "--init-image", "--img2img": "--init-image",
    "--denoising-strength": "--strength", "--denoise": "--strength", "--init-image-strength": "--strength",
    "--mask-image": "--mask", "--inpaint": "--mask", "--inpaint-full-res": "--only-masked", "--outpaint": "--expand",
    "--inpaint-full-res-padding": "--mask-padding", "--padding-mask-crop": "--mask-padding",
    "--hires-fix": "--hires", "--enable-hr": "--hires", "--hr-scale": "--hires-scale",
    "--hr-upscaler": "--hires-upscaler", "--upscaler": "--upscale", "--upscale-model": "--upscale",
    "--hr-second-pass-steps": "--hires-steps", "--hires-denoise": "--hires-strength",
    "--tile": "--tiling", "--seamless": "--tiling", "--image-guidance-scale": "--image-cfg-scale",
    "--prompt-two": "--prompt-2", "--second-prompt": "--prompt-2", "--show-work": "--show",
    "--preview-path": "--preview", "--ddim-eta": "--eta", "--churn": "--s-churn",
    "--switch-at": "--refiner-start", "--denoising-end": "--refiner-start", "--high-noise-frac": "--refiner-start",
  ]

  /// What says the same in other words.
  static let otherWords: [String: String] = [
    "--vae-dir": "say --vae and a file", "--crops-coords-top-left": "say --crop X,Y, the left first",
    "--tile-x": "say --tiling x", "--tile-y": "say --tiling y", "--circular": "say --tiling both",
    "--jpeg": "let the name after --output end in .jpg, or say --format jpg",
    "--webp": "let the name after --output end in .webp, or say --format webp",
    "--vary": "say imagine again and the picture, with --vary",
    "--hires-width": "say --hires-size WIDTHxHEIGHT", "--hires-height": "say --hires-size WIDTHxHEIGHT",
    "--upscale-repeats": "say --upscale MODEL:SCALE, such as 16 for a model of 4 that runs twice",
    "--list-devices": "the devices are shown by imagine devices", "--cpu": "say --device cpu",
    "--use-cpu": "say --device cpu", "--vae-on-cpu": "say --device cpu for all of it",
    "--no-half": "say --precision f32", "--no-half-vae": "what overflows in 16 bits is repeated in 32 by itself",
    "--max-vram": "what does not fit is done in parts by itself; --low-memory does so from the start",
    "--mmap": "files are always mapped into memory", "--overwrite": "existing files are never overwritten",
    "--force": "existing files are never overwritten", "--diffusion-fa": "the fastest attention is taken by itself",
    "--flash-attn": "the fastest attention is taken by itself",
    "--xformers": "the fastest attention is taken by itself",
    "--fa": "the fastest attention is taken by itself", "--log-level": "say -q, -v or -vv",
  ]

  /// What this version cannot do, by the names it has elsewhere.
  static let notYet: [String: String] = {
    let kinds: [(String, [String])] = [
      (
        "models that read prompts with T5 or a language model cannot be drawn yet",
        ["--t5xxl", "--llm", "--clip-vision"]
      ),
      (
        "LoRAs cannot be applied yet",
        ["--lora", "--loras", "--lora-model-dir", "--lora-dir", "--lora-weight", "--lora-scale", "--lyco"]
      ),
      (
        "textual inversions cannot be read yet",
        ["--embedding", "--embeddings", "--embd-dir", "--embeddings-dir", "--textual-inversion"]
      ),
      (
        "ControlNets and adapters cannot be read yet",
        [
          "--control-net", "--controlnet", "--control-image", "--control-strength", "--control-video", "--ip-adapter",
          "--photo-maker", "--pulid",
        ]
      ),
      ("guidance that was distilled into a model is for other families", ["--guidance", "--distilled-cfg-scale"]),
      ("there are no styles yet", ["--style", "--styles"]),
      ("weights cannot be quantised yet", ["--quantize", "--quantise", "--convert"]),
      ("there is no server yet", ["--server", "--serve", "--listen", "--port", "--host", "--api-key"]),
      ("faces are not restored", ["--restore-faces", "--face-restore"]),
      ("there is no grid of pictures yet", ["--grid", "--xyz", "--arg-schedule"]),
      ("no layers are left out for guidance yet", ["--slg-scale", "--skip-layers", "--pag-scale"]),
      ("masks are pictures", ["--mask-prompt"]),
    ]
    return Dictionary(
      kinds.flatMap { reason, names in names.map { ($0, reason) } }, uniquingKeysWith: { first, _ in first })
  }()
}
