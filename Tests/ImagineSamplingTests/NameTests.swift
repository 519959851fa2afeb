import Testing

@testable import ImagineSampling

@Suite("Names")
struct NameTests {
  @Test(
    "Samplers answer to the names in use",
    arguments: [
      (SamplerKind.euler, ["euler", "Euler", "k_euler", "EULER"]),
      (.eulerAncestral, ["euler_a", "Euler a", "euler_ancestral", "k_euler_a", "Euler Ancestral"]),
      (.ddim, ["ddim", "DDIM"]),
      (.dpmpp2M, ["dpmpp_2m", "DPM++ 2M", "dpm++2m", "dpm++_2m", "k_dpmpp_2m", "dpmpp-2m"]),
    ])
  func samplers(kind: SamplerKind, names: [String]) throws {
    for name in names { #expect(try SamplerKind(name: name) == kind) }
  }

  @Test(
    "Schedules answer to the names in use",
    arguments: [
      (SigmaSchedule.normal, ["normal", "discrete", "Uniform", "Normal"]),
      (.karras, ["karras", "Karras"]), (.exponential, ["exponential"]), (.simple, ["Simple"]),
      (.sgmUniform, ["sgm_uniform", "SGM Uniform", "SGMUniform"]), (.ddimUniform, ["ddim_uniform", "DDIM"]),
    ])
  func schedules(schedule: SigmaSchedule, names: [String]) throws {
    for name in names { #expect(try SigmaSchedule(name: name) == schedule) }
  }

  @Test("Streams answer to the names in use")
  func streams() throws {
    for name in ["cpu", "CPU", "comfy"] { #expect(try RandomStream(name: name) == .cpu) }
    for name in ["cuda", "NV", "GPU", "a1111"] { #expect(try RandomStream(name: name) == .cuda) }
  }

  @Test("Every name leads to one choice only")
  func unambiguous() {
    func expectUnique(_ keys: [[String]]) {
      let all = keys.flatMap { Set($0) }
      #expect(Set(all).count == all.count)
    }
    expectUnique(SamplerKind.allCases.map(\.keys))
    expectUnique(SigmaSchedule.allCases.map(\.keys))
    expectUnique(RandomStream.allCases.map(\.keys))
  }

  @Test(
    "Combined names give sampler and schedule",
    arguments: [
      ("DPM++ 2M Karras", SamplingMethod(.dpmpp2M, schedule: .karras)),
      ("dpm++2m karras", SamplingMethod(.dpmpp2M, schedule: .karras)),
      ("Euler a", SamplingMethod(.eulerAncestral)),
      ("euler_a sgm_uniform", SamplingMethod(.eulerAncestral, schedule: .sgmUniform)),
      ("Euler DDIM", SamplingMethod(.euler, schedule: .ddimUniform)),
      ("DPM++ 2M Automatic", SamplingMethod(.dpmpp2M)),
      ("ddim", SamplingMethod(.ddim)),
      ("DDIM Karras", SamplingMethod(.ddim, schedule: .karras)),
      ("LCM Trailing", SamplingMethod(.lcm, schedule: .trailing)),
    ])
  func combined(name: String, method: SamplingMethod) throws {
    #expect(try SamplingMethod(sampler: name) == method)
  }

  @Test("A schedule of its own outweighs the sampler's name; automatic does not")
  func separateSchedule() throws {
    #expect(try SamplingMethod(sampler: "DPM++ 2M Karras", schedule: "simple").schedule == .simple)
    #expect(try SamplingMethod(sampler: "DPM++ 2M Karras", schedule: "Automatic").schedule == .karras)
    #expect(try SamplingMethod(sampler: "DPM++ 2M", schedule: "automatic").schedule == nil)
  }

  @Test(
    "Names of other programs lead to sampler and schedule",
    arguments: [
      ("k_heun", SamplerKind.heun, nil), ("k_lms", .lms, nil), ("LMS Karras", .lms, .karras),
      ("k_lms_ka", .lms, .karras),
      ("dpm_2", .dpm2, nil), ("k_dpm_2", .dpm2, nil), ("DPM2 a Karras", .dpm2Ancestral, .karras),
      ("k_dpm_2_a_ka", .dpm2Ancestral, .karras), ("dpm_2_ancestral", .dpm2Ancestral, nil),
      ("kdpm_2_a", .dpm2Ancestral, nil),
      ("DPM++ SDE", .dpmppSDE, nil), ("DPM++ SDE Karras", .dpmppSDE, .karras), ("dpmpp_sde_gpu", .dpmppSDE, nil),
      ("DPM++ 2M SDE Exponential", .dpmpp2MSDE, .exponential), ("dpmpp_2m_sde_gpu", .dpmpp2MSDE, nil),
      ("k_dpmpp_2m_sde_exp", .dpmpp2MSDE, .exponential), ("DPM++ 2M SDE Heun Karras", .dpmpp2MSDEHeun, .karras),
      ("dpmpp_2m_sde_heun_gpu", .dpmpp2MSDEHeun, nil), ("dpm++2m_sde", .dpmpp2MSDE, nil),
      ("dpmpp_2m_k", .dpmpp2M, .karras),
      ("DPM++ 3M SDE Exponential", .dpmpp3MSDE, .exponential), ("dpmpp_3m_sde", .dpmpp3MSDE, nil),
      ("DPM++ 2S a Karras", .dpmpp2SAncestral, .karras), ("dpmpp_2s_ancestral", .dpmpp2SAncestral, nil),
      ("dpm++2s_a", .dpmpp2SAncestral, nil), ("k_dpmpp_2s_a", .dpmpp2SAncestral, nil), ("DPM fast", .dpmFast, nil),
      ("DPM adaptive", .dpmAdaptive, nil), ("k_dpm_ad", .dpmAdaptive, nil), ("UniPC", .unipc, nil),
      ("uni_pc", .unipc, nil),
      ("uni_pc_bh2", .unipcBH2, nil), ("PLMS", .plms, nil), ("pndm", .plms, nil), ("Restart", .restart, nil),
      ("ddim_trailing", .ddim, .trailing), ("Euler A Trailing", .eulerAncestral, .trailing),
      ("DPM++ 2M AYS", .dpmpp2M, .alignYourSteps),
      ("tcd", .tcd, nil), ("LCM", .lcm, nil), ("ipndm", .ipndm, nil), ("deis", .deis, nil), ("ddpm", .ddpm, nil),
      ("res_multistep", .resMultistep, nil), ("DDIM CFG++", .ddimCFGPlusPlus, nil),
      ("euler_cfg_pp", .eulerCFGPlusPlus, nil),
      ("euler_ancestral_cfg_pp", .eulerAncestralCFGPlusPlus, nil), ("EulerDiscreteScheduler", .euler, nil),
      ("DPMSolverMultistepScheduler", .dpmpp2M, nil), ("dpmpp_2m beta", .dpmpp2M, .beta),
      ("euler kl_optimal", .euler, .klOptimal), ("Euler Align Your Steps", .euler, .alignYourSteps),
      ("Euler Polyexponential", .euler, .polyexponential),
    ] as [(String, SamplerKind, SigmaSchedule?)])
  func elsewhere(name: String, sampler: SamplerKind, schedule: SigmaSchedule?) throws {
    for name in [name, name.uppercased(), name.lowercased()] {
      let method = try SamplingMethod(sampler: name)
      #expect(method.sampler == sampler && method.schedule == schedule, "\(name)")
    }
  }

  @Test("Samplers with noise from the GPU say so")
  func noiseFromGPU() throws {
    #expect(try SamplingMethod(sampler: "dpmpp_2m_sde_gpu").brownianStream == .cuda)
    #expect(try SamplingMethod(sampler: "dpmpp_2m_sde").brownianStream == nil)
    #expect(throws: SamplingError.self) { try SamplingMethod(sampler: "euler_gpu") }
  }

  @Test("Every name in the list leads back to its choice")
  func roundTrips() throws {
    for kind in SamplerKind.allCases {
      for name in [kind.rawValue, kind.label] + kind.aliases {
        #expect(try SamplingMethod(sampler: name).sampler == kind)
      }
      for schedule in SigmaSchedule.allCases {
        let method = try SamplingMethod(sampler: "\(kind.label) \(schedule.label)")
        #expect(method.sampler == kind && method.schedule == schedule, "\(kind.label) \(schedule.label)")
      }
    }
  }

  @Test("Unknown names are refused with the nearest", arguments: ["", "eulerish", "karras", "ddim_uniform", "++", " "])
  func unknown(name: String) throws {
    let choices = SamplerKind.allCases.map(\.rawValue)
    let error = #expect(throws: SamplingError.self) { try SamplingMethod(sampler: name) }
    #expect(error == .unknownName(kind: "sampler", name: name, choices: choices))
    #expect(throws: SamplingError.self) { try SamplingMethod(sampler: "euler", schedule: "\(name)?x") }
    let long = SamplingError.unknownName(
      kind: "sampler", name: String(repeating: "x", count: 100_000), choices: choices)
    #expect(long.description.contains("choose euler, euler_a, dpmpp_2m"))
  }

  @Test(
    "The nearest names come first",
    arguments: [
      ("eulr", "euler"), ("dpm++ 2n", "dpmpp_2m"), ("dpmpp_2m_sd", "dpmpp_2m_sde"), ("restrat", "restart"),
      ("uni_pcc", "unipc"),
    ])
  func nearest(name: String, wanted: String) throws {
    let error = #expect(throws: SamplingError.self) { try SamplingMethod(sampler: name) }
    let text = try #require(error).description
    #expect((text.contains("are \(wanted),") || text.hasSuffix("is \(wanted).")) && text.count < 200, "\(text)")
  }

  @Test("Defaults and labels are those of the product")
  func defaults() {
    let first: [SamplerKind] = [.euler, .eulerAncestral, .ddim, .dpmpp2M, .lcm]
    #expect(first.map(\.defaultSchedule) == [.normal, .normal, nil, .karras, nil])
    #expect(first.map(\.label) == ["Euler", "Euler a", "DDIM", "DPM++ 2M", "LCM"])
    let labels = first.map { SamplingMethod($0).scheduleLabel }
    #expect(labels == ["Automatic", "Automatic", "Automatic", "Karras", "Automatic"])
    #expect(SamplingMethod(.dpmpp2M, schedule: .normal).scheduleLabel == "Normal")
    #expect(SamplingMethod(.euler, schedule: .karras).scheduleLabel == "Karras")
  }
}
