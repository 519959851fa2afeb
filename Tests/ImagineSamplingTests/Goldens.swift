import Foundation
import Testing

@testable import ImagineSampling

/// The goldens in Tests/Goldens/sampling, made by the scripts in Tests/References.
enum Goldens {
  static func load<Golden: Decodable>(_ name: String, as: Golden.Type = Golden.self) throws -> Golden {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let file = tests.appending(path: "Goldens/sampling/\(name).json")
    return try JSONDecoder().decode(Golden.self, from: Data(contentsOf: file))
  }
}

/// Numbers other programs made; see the note in the file.
struct Vectors: Decodable {
  struct Block: Decodable {
    let seed: UInt64
    let counter: [UInt32]
    let out: [UInt32]
  }
  struct PhiloxLatents: Decodable {
    let seed: UInt64
    let shape: [Int]
    let call0_first5, call0_last3, call1_first5, call1_last3: [Float]
  }
  struct Philox: Decodable {
    let blocks: [Block]
    let latents: [PhiloxLatents]
    let docExample: [Float]
  }
  struct Words: Decodable {
    let seed: UInt64
    let words: [UInt32]
  }
  struct Training: Decodable {
    let index: [Int]
    let alphasCumulative: [Float]
  }
  struct Lookup: Decodable {
    let sigma: Float
    let t: Double
  }
  struct Run: Decodable {
    let sampler: String
    let final: [Float]
    let atStepStart: [[Float]]
    let noiseDraws: Int
  }
  struct KDiffusion: Decodable {
    let sigmas: [Float]
    let runs: [Run]
  }
  struct DDIM: Decodable {
    let prediction: String
    let timesteps: [Float]
    let afterEachCall: [[Float]]
  }
  struct GuidanceCase: Decodable {
    let cond, uncond, result: [Float]
    let scale: Float
  }
  let philox: Philox
  let mt19937: [Words]
  let schedules: [ScheduleCase]
  let training: Training
  let sigmaAtTimestep, timestepAtSigma: [Lookup]
  let kdiffusion: KDiffusion
  let ddim: [DDIM]
  let guidance: GuidanceCase
}

struct ScheduleCase: Decodable {
  let schedule: String
  let steps: Int
  let sigmas: [Float]
}

struct KDiffusionGoldens: Decodable {
  struct Run: Decodable {
    let sampler, schedule: String
    let steps: Int
    let final: [Float]
  }
  let timesteps: [Double]
  let sigmas: [Float]
  let schedules: [ScheduleCase]
  let runs: [Run]
}

struct DiffusersRun: Decodable {
  let scheduler: String
  let steps: Int
  let timesteps: [Float]
  let sigmas: [Float]?
  let initNoiseSigma: Float
  let final, second: [Float]
}

struct FewStepGoldens: Decodable {
  struct Run: Decodable {
    let scheduler: String
    let steps: Int
    let timesteps, final: [Float]
    let initNoiseSigma: Float
  }
  struct Embedding: Decodable {
    let scale: Float
    let width: Int
    let values: [Float]
  }
  struct Handover: Decodable {
    let sigmas: [Float]
    let share: Double
    let first: Int
  }
  let runs: [Run]
  let schedules: [ScheduleCase]
  let zeroSNR: Vectors.Training
  let guidanceEmbeddings: [Embedding]
  let handovers: [Handover]
}

struct TorchGoldens: Decodable {
  struct Draws: Decodable {
    let seed: UInt64
    let draws: [[Float]]
  }
  struct Ends: Decodable {
    let seed: UInt64
    let count: Int
    let first, last: [Float]
    let sumOfSquares: Double
  }
  let single, sequences: [Draws]
  let latents: [Ends]
}

/// Expects every value within `absolute + relative * |expected|` of the one expected.
func expectClose(
  _ values: [Float], _ expected: [Float], relative: Float = 0, absolute: Float = 0, _ what: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  guard values.count == expected.count else {
    Issue.record("\(what): \(values.count) values instead of \(expected.count)", sourceLocation: sourceLocation)
    return
  }
  for (index, (value, wanted)) in zip(values, expected).enumerated() {
    let difference = abs(value - wanted)
    #expect(
      difference <= absolute + relative * abs(wanted), "\(what) at \(index): \(value), expected \(wanted)",
      sourceLocation: sourceLocation)
  }
}
