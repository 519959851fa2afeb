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
    "--switch-at": "--refiner-start", "--denoising-end": "--refiner-start", "--high-noise-frac": "--refiner-start",
  ]

  /// What says the same in other words.
  static let otherWords: [String: String] = [
    "--vae-dir": "say --vae and a file", "--crops-coords-top-left": "say --crop X,Y, the left first",
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
        "pictures cannot be a starting point yet",
        [
          "-i", "--init-img", "--init-image", "--image", "--input-image", "--strength", "--denoising-strength",
          "--denoise",
          "--init-image-strength", "--img2img",
        ]
      ),
      (
        "parts of a picture cannot be painted anew yet",
        ["--mask", "--mask-image", "--mask-prompt", "--inpaint", "--mask-blur", "--outpaint"]
      ),
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
      (
        "pictures are drawn at one size in one pass",
        [
          "--hires", "--hires-fix", "--enable-hr", "--hires-scale", "--hr-scale", "--hires-upscaler", "--hr-upscaler",
          "--hires-steps", "--hires-denoising-strength", "--hires-width", "--hires-height",
        ]
      ),
      ("there are no upscalers yet", ["--upscale", "--upscaler", "--upscale-model", "--upscale-repeats"]),
      (
        "there is no preview yet",
        ["--preview", "--preview-path", "--preview-interval", "--preview-method", "--show-work"]
      ),
      ("guidance that was distilled into a model is for other families", ["--guidance", "--distilled-cfg-scale"]),
      ("pictures do not tile", ["--tile", "--tiling", "--tile-x", "--tile-y", "--seamless", "--circular"]),
      (
        "there are no variations of a seed yet",
        ["--subseed", "--subseed-strength", "--variation-seed", "--variation-strength", "--vary"]
      ),
      ("there are no styles yet", ["--style", "--styles"]),
      ("weights cannot be quantised yet", ["--quantize", "--quantise", "--convert"]),
      ("there is no server yet", ["--server", "--serve", "--listen", "--port", "--host", "--api-key"]),
      ("only PNG files are written", ["--format", "--quality", "--jpeg", "--webp"]),
      ("faces are not restored", ["--restore-faces", "--face-restore"]),
      ("there is no grid of pictures yet", ["--grid", "--xyz", "--arg-schedule"]),
      ("only guidance with a scale is there", ["--guidance-rescale", "--slg-scale", "--skip-layers", "--pag-scale"]),
    ]
    return Dictionary(
      kinds.flatMap { reason, names in names.map { ($0, reason) } }, uniquingKeysWith: { first, _ in first })
  }()
}
