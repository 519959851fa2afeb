import ImagineCheckpoint

extension GenerationDefaults {
  /// - Parameter reduction: pixels along one side of a latent position.
  init(_ layout: CheckpointLayout, reduction: Int) throws {
    self.init()
    let sides = 1...1 << 13
    // The UNet's own size, in latent positions: one number, or height and width.
    if let value = layout.note("unet", "sample_size") {
      let numbers = (value.array ?? [value, value]).compactMap(\.int).filter { 1...1024 ~= $0 }
      guard numbers.count == 2, value.array?.count ?? 2 == 2 else {
        throw ModelError.setting("unet", "sample_size", value, "a whole number from 1 to 1024 is needed")
      }
      (height, width) = (numbers[0] * reduction, numbers[1] * reduction)
    }
    width = try layout.integer("defaults", "width", in: sides) ?? width
    height = try layout.integer("defaults", "height", in: sides) ?? height
    steps = try layout.integer("defaults", "steps", in: 1...1000) ?? steps
    guidanceScale = try layout.number("defaults", "guidance_scale", in: 0...1000).map(Float.init) ?? guidanceScale
    if let value = layout.note("defaults", "sampler") {
      guard let name = value.word else {
        throw ModelError.setting("defaults", "sampler", value, "the name of a sampler is needed")
      }
      sampler = name
    }
  }
}
