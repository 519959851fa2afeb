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

  @Test("Unknown names are refused with the choices", arguments: ["", "eulerish", "karras", "ddim_uniform", "++", " "])
  func unknown(name: String) throws {
    let choices = SamplerKind.allCases.map(\.rawValue)
    let error = #expect(throws: SamplingError.self) { try SamplingMethod(sampler: name) }
    #expect(error == .unknownName(kind: "sampler", name: name, choices: choices))
    #expect(throws: SamplingError.self) { try SamplingMethod(sampler: "euler", schedule: "\(name)?x") }
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
