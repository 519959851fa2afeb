import ImagineCheckpoint

extension GenerationDefaults {
  /// What models of a family ask for when neither the file nor the person says more. Steps and sampler are those that
  /// AUTOMATIC1111 and ComfyUI begin with; guidance is AUTOMATIC1111's for the older models, and for XL diffusers' and
  /// Stability AI's own, who found less to be better there.
  init(side: Int, guidanceScale: Float) {
    self.init()
    (width, height) = (side, side)
    self.guidanceScale = guidanceScale
  }
}

extension GenerationDefaults {
  /// - Parameters:
  ///   - family: what holds where nothing else is said.
  ///   - scheduler: a model that was trained with noise alone must begin there.
  ///   - distillation: how the model was distilled for few steps, if it was.
  ///   - reduction: pixels along one side of a latent position.
  package init(
    _ layout: CheckpointLayout, family: GenerationDefaults = GenerationDefaults(), scheduler: SchedulerConfiguration,
    distillation: Distillation? = nil, reduction: Int
  ) throws {
    self = family
    if let side = distillation?.side { (width, height) = (side, side) }
    let sides = 1...1 << 13
    // The UNet's own size, in latent positions: one number, or height and width.
    if let value = layout.note("unet", "sample_size") {
      let numbers = (value.array ?? [value, value]).compactMap(\.int).filter { 1...1024 ~= $0 }
      guard numbers.count == 2, value.array?.count ?? 2 == 2 else {
        throw ModelError.setting("unet", "sample_size", value, "a whole number from 1 to 1024 is needed")
      }
      (height, width) = (numbers[0] * reduction, numbers[1] * reduction)
    }
    // "leading" and "linspace" are what the samplers do here by themselves, each in its program's way.
    let spacings = ["leading": nil, "linspace": nil, "trailing": "trailing"] as [String: String?]
    if scheduler.hasZeroTerminalSNR { schedule = "trailing" }
    schedule = try layout.choice("scheduler", "timestep_spacing", among: spacings) ?? schedule
    if scheduler.edm != nil { (sampler, schedule, guidanceScale) = ("dpmpp_2m", "karras", 3) }
    distillation?.apply(to: &self)

    width = try layout.integer("defaults", "width", in: sides) ?? width
    height = try layout.integer("defaults", "height", in: sides) ?? height
    steps = try layout.integer("defaults", "steps", in: 1...1000) ?? steps
    guidanceScale = try layout.number("defaults", "guidance_scale", in: 0...1000).map(Float.init) ?? guidanceScale
    sampler = try layout.name("sampler", "defaults") ?? sampler
    schedule = try layout.name("schedule", "defaults") ?? schedule
  }
}

extension CheckpointLayout {
  fileprivate func name(_ key: String, _ component: String) throws -> String? {
    guard let value = note(component, key) else { return nil }
    guard let name = value.word else {
      throw ModelError.setting(component, key, value, "the name of a \(key) is needed")
    }
    return name
  }
}
