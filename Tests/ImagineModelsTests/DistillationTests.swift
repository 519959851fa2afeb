import ImagineCheckpoint
import ImagineGraph
import Testing

@testable import ImagineModels

/// Models distilled for few steps are recognised, and drawn with what they were made for.
@Suite struct DistillationTests {
  private func distillation(
    _ name: String, scheduler: String? = nil, isTold: Bool = false, title: String? = nil
  ) throws -> Distillation? {
    Distillation(
      name: name,
      layout: CheckpointLayout(
        shapes: isTold ? ["unet.time_embedding.cond_proj.weight": [320, 256]] : [:],
        configurations: try scheduler.map { ["scheduler": try JSONValue(parsing: "{\"_class_name\":\"\($0)\"}")] }
          ?? [:],
        notes: title.map { ["modelspec.title": $0] } ?? [:]))
  }

  @Test(
    "Names in use tell the kind and the steps",
    arguments: [
      ("sd_xl_turbo_1.0_fp16", Distillation(.turbo, side: 512)), ("sd_turbo", Distillation(.turbo, side: 512)),
      ("sdxlTurbo", Distillation(.turbo, side: 512)), ("sdxl-turbo", Distillation(.turbo, side: 512)),
      ("DreamShaperXL_Turbo_v2_1", Distillation(.turbo)), ("dreamshaperXL_v2TurboDpmppSDE", Distillation(.turbo)),
      ("sdxl_lightning_4step", Distillation(.lightning, steps: 4)),
      ("sdxl_lightning_1step_x0", Distillation(.lightning, steps: 1)),
      ("juggernautXL_v9Rdphoto2Lightning", Distillation(.lightning)),
      ("realvisxlV50_v50LightningBakedvae", Distillation(.lightning)),
      ("Hyper-SDXL-1step-Unet", Distillation(.hyper, steps: 1)), ("Hyper-SD15-8steps", Distillation(.hyper, steps: 8)),
      ("pixelwave hyper 8 steps", Distillation(.hyper, steps: 8)),
      ("LCM_Dreamshaper_v7_4k", Distillation(.lcm)), ("photonLCM_v10", Distillation(.lcm)),
      ("dmd2_sdxl_4step_unet_fp16", Distillation(.dmd2, steps: 4)), ("bigLove-DMD2", Distillation(.dmd2)),
    ])
  func names(_ name: String, _ expected: Distillation) throws {
    #expect(try distillation(name) == expected)
  }

  @Test(
    "Other words are no kinds of distillation",
    arguments: [
      "turbocharged", "v1-5-pruned-emaonly", "hyperRealism_v3", "Hyper Realistic 30", "thunderlightnings", "steps4",
      "sd_xl_base_1.0", "", "4step", "\u{1F600}", "blcmx", "hyper",
    ])
  func otherNames(_ name: String) throws {
    #expect(try distillation(name) == nil)
  }

  @Test func whatIsInsideCountsToo() throws {
    #expect(try distillation("model", isTold: true) == Distillation(.lcm, isToldGuidance: true))
    #expect(try distillation("turbo", isTold: true)?.kind == .lcm)
    #expect(try distillation("model", scheduler: "LCMScheduler") == Distillation(.lcm))
    #expect(try distillation("model", scheduler: "TCDScheduler")?.kind == .lcm)
    #expect(try distillation("dmd2", scheduler: "LCMScheduler")?.kind == .dmd2)
    #expect(try distillation("model", scheduler: "EulerDiscreteScheduler") == nil)
    #expect(try distillation("model", title: "SDXL Lightning, 8 steps") == Distillation(.lightning, steps: 8))
  }

  private func defaults(
    _ distillation: Distillation?, family: GenerationDefaults = ModelFamily.stableDiffusionXL.defaults("epsilon"),
    _ configurations: [String: String] = [:]
  ) throws -> GenerationDefaults {
    let layout = CheckpointLayout(
      shapes: [:], configurations: try configurations.mapValues { try JSONValue(parsing: "{\($0)}") })
    return try GenerationDefaults(
      layout, family: family, scheduler: SchedulerConfiguration(), distillation: distillation, reduction: 8)
  }

  @Test func stepsGuidanceSamplerAndSchedule() throws {
    for (distillation, expected) in [
      (Distillation(.turbo, side: 512), ["4", "1.0", "euler_a", "trailing", "512"]),
      (Distillation(.turbo), ["4", "1.0", "euler_a", "trailing", "1024"]),
      (Distillation(.lightning, steps: 2), ["2", "1.0", "euler", "trailing", "1024"]),
      (Distillation(.hyper), ["8", "1.0", "euler", "trailing", "1024"]),
      (Distillation(.lcm), ["4", "1.0", "lcm", "none", "1024"]),
      (Distillation(.lcm, isToldGuidance: true), ["4", "8.0", "lcm", "none", "1024"]),
      (Distillation(.dmd2), ["4", "1.0", "lcm", "trailing", "1024"]),
    ] {
      let read = try defaults(distillation)
      #expect(
        ["\(read.steps)", "\(read.guidanceScale)", read.sampler, read.schedule ?? "none", "\(read.width)"] == expected)
    }
    #expect(
      Distillation(.lightning, steps: 1).prediction == "sample" && Distillation(.lightning, steps: 2).prediction == nil)
  }

  @Test("What a file says of itself outweighs its kind, and its kind the family")
  func precedence() throws {
    let turbo = Distillation(.turbo, side: 512)
    #expect(try defaults(turbo, ["unet": #""sample_size":96"#]).width == 768)
    let own = try defaults(
      turbo, ["defaults": #""width":640,"steps":9,"sampler":"ddim","schedule":"karras","guidance_scale":3"#])
    #expect(own.width == 640 && own.height == 512 && own.steps == 9 && own.guidanceScale == 3)
    #expect(own.sampler == "ddim" && own.schedule == "karras")
    let trailing = try defaults(nil, ["scheduler": #""timestep_spacing":"trailing""#])
    #expect(trailing.schedule == "trailing" && trailing.guidanceScale == 5 && trailing.width == 1024)
    #expect(try defaults(nil, ["scheduler": #""timestep_spacing":"leading""#]).schedule == nil)
    #expect(throws: ModelError.self) { try defaults(nil, ["scheduler": #""timestep_spacing":"sideways""#]) }
    #expect(throws: ModelError.self) { try defaults(nil, ["defaults": #""schedule":7"#]) }
    #expect(ModelFamily.stableDiffusion2.defaults("v_prediction").width == 768)
    #expect(ModelFamily.stableDiffusion2.defaults("epsilon").width == 512)
    #expect(
      ModelFamily.stableDiffusion1.defaults("epsilon").guidanceScale == 7
        && ModelFamily.stableDiffusion1.defaults("epsilon").steps == 20)
  }
}
