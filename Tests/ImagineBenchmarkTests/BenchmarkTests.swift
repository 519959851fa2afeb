import Foundation
import ImagineCPU
import ImagineEngine
import ImagineGraph
import ImagineModels
import Synchronization
import Testing

@testable import Imagine
@testable import ImagineBenchmark

@Suite struct BenchmarkTests {
  private func benchmark(_ model: Benchmark.Model) -> Benchmark {
    var benchmark = Benchmark(model, options: Engine.Options(device: .cpu, precision: .float32, threads: 1))
    benchmark.repeats = 2
    benchmark.steps = 1
    // However busy the machine is, nothing is measured less often.
    benchmark.patience = .infinity
    return benchmark
  }

  @Test("A structure without a checkpoint is measured, in every part")
  func miniature() async throws {
    var benchmark = benchmark(.random(.miniature))
    benchmark.profiles = true
    let result = try await benchmark.run()
    #expect(result.size == Size(width: 32, height: 32) && result.precision == .float32)
    #expect(result.model == "random mini")
    #expect(result.stages.map(\.name) == ["text encoder", "UNet, one step", "decoder"])
    for stage in result.stages {
      #expect(stage.timing.runs == 2 && stage.timing.fastest > 0 && stage.timing.fastest <= stage.timing.median)
      #expect(stage.flops > 1e6 && stage.bytes > 1e5 && stage.roofSeconds > 0)
      #expect(stage.weightBytes > 0 && stage.workingBytes > 0 && stage.preparation > 0)
      let profile = try #require(stage.profile)
      #expect(stage.profileObstacle == nil)
      #expect(abs(profile.kinds.reduce(0) { $0 + $1.flops } / stage.flops - 1) < 1e-9)
      #expect(abs(profile.kinds.reduce(0) { $0 + $1.seconds } / profile.seconds - 1) < 1e-9)
      #expect(profile.kinds.map(\.seconds) == profile.kinds.map(\.seconds).sorted(by: >))
      #expect(profile.operations.map(\.seconds) == profile.operations.map(\.seconds).sorted(by: >))
      #expect(profile.operations.reduce(0) { $0 + $1.count } == profile.kinds.reduce(0) { $0 + $1.count })
      #expect(profile.operations.allSatisfy { !$0.scope.isEmpty && $0.count > 0 })
      #expect(!profile.kinds.contains { $0.name == "input" })
    }
    let picture = try #require(result.picture)
    #expect(picture.steps == 1 && picture.timing.runs == 2 && picture.coldSeconds > 0)
    #expect(result.peakResidentBytes > 10_000_000)
  }

  @Test("Only what is asked for is measured")
  func parts() async throws {
    var benchmark = benchmark(.random(.miniature))
    benchmark.parts = [.vae, .text]
    let result = try await benchmark.run()
    #expect(result.stages.map(\.name) == ["text encoder", "decoder"] && result.picture == nil)
    benchmark.parts = [.picture]
    let picture = try await benchmark.run()
    #expect(picture.stages.isEmpty && picture.picture != nil)
    benchmark.parts = [.unet]
    benchmark.size = Size(width: 65, height: 64)
    await #expect(throws: ImagineError.self) { try await benchmark.run() }
  }

  @Test("A structure has all parts of its model, each as a picture runs it", arguments: Benchmark.Structure.allCases)
  func structures(_ structure: Benchmark.Structure) async throws {
    let opened = try OpenedModel(synthetic: structure.networks, name: "random")
    let defaults = opened.model.defaults, size = Size(width: defaults.width, height: defaults.height)
    #expect(opened.model.report.isComplete)
    let stages = try opened.stages(Set(Benchmark.Part.allCases), size, prompts: 2, .bfloat16)
    let texts = opened.model.conditioning.texts
    #expect(stages.count == texts.count + 2)
    let channels = opened.model.latent.channels, reduction = opened.model.latent.reduction
    let denoiser = try #require(stages.first { $0.name == "UNet, one step" })
    #expect(denoiser.inputs["latents"]?.shape == [2, size.height / reduction, size.width / reduction, channels])
    // What the text encoders give is what the UNet takes.
    let widths = stages.prefix(texts.count).map { stage in stage.graph[stage.graph.outputs[0]].type.shape.last }
    #expect(denoiser.inputs["context"]?.shape == [2, 77, widths.reduce(0, +)])
    // Layers that a model leaves out are left out here, too.
    for (stage, text) in zip(stages, texts) {
      let attentions = stage.graph.nodes.count { if case .attention = $0.op { true } else { false } }
      let pooled = opened.model.conditioning.pooled.map { texts[$0].role } == text.role
      #expect(attentions == text.layers - (pooled ? 0 : text.skippedLayers))
    }
  }

  @Test("Everything that is measured can be read by programs")
  func json() async throws {
    let result = try await benchmark(.random(.miniature)).run()
    let data = try JSONEncoder().encode(result)
    let object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
    #expect(object["precision"] as? String == "f32" && object["size"] as? String == "32x32")
    let stages = try #require(object["stages"] as? [[String: Any]])
    #expect(stages.count == 3)
    #expect((stages[1]["timing"] as? [String: Any])?["runs"] as? Int == 2)
  }

  @Test("Scripts that read results know networks by their names")
  func names() throws {
    let opened = try OpenedModel(synthetic: .miniature, name: "mini")
    let stages = try opened.stages([.text, .unet, .vae], Size(width: 64, height: 64), prompts: 2, .float32)
    #expect(stages.count == 3)
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../Benchmarks")
    for script in ["cpu_peers/runners.py", "gpu-check", "torch_networks.py"] {
      let text = try String(contentsOf: folder.appending(path: script), encoding: .utf8)
      for stage in stages { #expect(text.contains("\"\(stage.name)\""), "\(script): \(stage.name)") }
    }
  }

  @Test func impossibleRequestsAreErrors() async throws {
    var benchmark = benchmark(.random(.miniature))
    benchmark.repeats = 0
    await #expect(throws: ImagineError.self) { try await benchmark.run() }
    benchmark.repeats = 1
    benchmark.size = Size(width: 65, height: 64)
    await #expect(throws: ImagineError.self) { try await benchmark.run() }
    await #expect(throws: ImagineError.self) {
      try await self.benchmark(.file(URL(filePath: "/nowhere.safetensors"))).run()
    }
  }

  @Test("A structure draws pictures, the same ones again")
  func pictures() async throws {
    let options = Engine.Options(device: .cpu, precision: .float32, threads: 1)
    let pipeline = try await Pipeline(
      OpenedModel(synthetic: .miniature, name: "mini"), on: Engine(options))
    var request = pipeline.recommendedRequest(prompt: "anything")
    request.seed = 1
    let first = try await pipeline.image(request), second = try await pipeline.image(request)
    #expect(first.pixels == second.pixels && Set(first.pixels).count > 50)
  }
}

@Suite struct BenchmarkThreadsTests {
  @Test("One thread, more as far as there are so many, and those the machine is used with")
  func counts() {
    #expect(BenchmarkThreads.counts(upTo: 1, usual: 1) == [1])
    #expect(BenchmarkThreads.counts(upTo: 2, usual: 2) == [1, 2])
    #expect(BenchmarkThreads.counts(upTo: 6, usual: 6) == [1, 2, 4, 6])
    #expect(BenchmarkThreads.counts(upTo: 96, usual: 48) == [1, 2, 4, 8, 16, 48, 96], "two threads a core")
    #expect(BenchmarkThreads.counts(upTo: 3, usual: 48) == [1, 2, 3], "as told")
  }

  @Test("Every network is measured with every number of threads")
  func miniature() async throws {
    var benchmark = Benchmark(.random(.miniature), options: Engine.Options(precision: .float32, threads: 3))
    benchmark.repeats = 2
    benchmark.patience = .infinity
    benchmark.parts = [.unet, .vae]
    let progress = Progress()
    let result = try await benchmark.measureThreads { progress.add($0) }
    #expect(result.model == "random mini" && result.size == Size(width: 32, height: 32) && result.precision == .float32)
    #expect(result.usualThreads == (try DeviceDescription.processor().threads) && !result.processor.isEmpty)
    #expect(result.stages.map(\.name) == ["UNet, one step", "decoder"])
    let counts = BenchmarkThreads.counts(upTo: 3, usual: result.usualThreads)
    for stage in result.stages {
      #expect(stage.runs.map(\.threads) == counts)
      let alone = try #require(stage.runs.first)
      for run in stage.runs {
        #expect(run.timing.runs == 2 && run.timing.fastest > 0 && run.speed == alone.timing.median / run.timing.median)
      }
    }
    #expect(progress.lines == result.stages.flatMap { stage in counts.map { "\(stage.name), threads: \($0)" } })
    let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(result)) as? [String: Any]
    let stages = try #require(object?["stages"] as? [[String: Any]])
    #expect((stages[0]["runs"] as? [[String: Any]])?.map { $0["threads"] as? Int } == counts)
  }

  @Test("What cannot be drawn is not measured either")
  func mistakes() async throws {
    var benchmark = Benchmark(.random(.miniature), options: Engine.Options(precision: .float32))
    benchmark.size = Size(width: 65, height: 64)
    await #expect(throws: ImagineError.self) { try await benchmark.measureThreads() }
    benchmark.size = nil
    benchmark.options.precision = .float16
    await #expect(throws: ImagineError.self) { try await benchmark.measureThreads() }
  }

  private final class Progress: Sendable {
    private let told = Mutex<[String]>([])
    var lines: [String] { told.withLock { $0 } }
    func add(_ line: String) { told.withLock { $0.append(line) } }
  }
}

@Suite struct TileStateTests {
  @Test("The slower moment decides")
  func states() {
    #expect(!TileState(before: 7.0e-9, after: 7.4e-9).isSlow)
    #expect(TileState(before: 7.0e-9, after: 18e-9).isSlow && TileState(before: 15e-9, after: 7e-9).isSlow)
    #expect(TileState(before: 7.0e-9, after: 18e-9).productSeconds == 18e-9)
  }

  @Test("Beside every figure where there are tile registers, and nowhere else")
  func figures() async throws {
    let has = CPUFeatures.available.contains(.amxBFloat16)
    var benchmark = Benchmark(
      .random(.miniature), options: Engine.Options(device: .cpu, precision: .float32, threads: 1))
    (benchmark.repeats, benchmark.steps) = (1, 1)
    let result = try await benchmark.run()
    #expect(result.stages.allSatisfy { ($0.tiles != nil) == has })
    #expect((result.picture?.tiles != nil) == has && (result.ceiling.tiles != nil) == has)
    var operations = OpBenchmark(benchmark.options)
    (operations.filter, operations.repeats) = ("softmax", 1)
    #expect(try operations.run { _ in }.operations.allSatisfy { ($0.tiles != nil) == has })
  }
}

@Suite struct TimingTests {
  @Test func medians() {
    #expect(Timing([3, 1, 2]).median == 2 && Timing([3, 1, 2]).fastest == 1 && Timing([3, 1, 2]).runs == 3)
    #expect(Timing([4, 1, 2, 3]).median == 2.5)
    #expect(Timing([]).median.isNaN)
  }

  @Test("What takes long is repeated less, but measured once")
  func patience() {
    #expect(Timing.isNotEnough([], of: 1) && Timing.isNotEnough([0.1], of: 2))
    #expect(!Timing.isNotEnough([0.1, 0.1], of: 2) && !Timing.isNotEnough([100], of: 5))
  }

  @Test("The first run does not count")
  func warmUp() throws {
    var runs = 0
    let timing = try Timing(repeats: 3, patience: .infinity) { runs += 1 }
    #expect(runs == 4 && timing.runs == 3)
  }

  @Test("The larger of arithmetic and traffic is the shortest time")
  func ceiling() {
    let ceiling = DeviceCeiling(flopsPerSecond: 100, bytesPerSecond: 10)
    #expect(ceiling.seconds(OpCost(flops: 200, bytes: 10)) == 2)
    #expect(ceiling.seconds(OpCost(flops: 200, bytes: 50)) == 5)
  }
}
