import ArgumentParser
import Foundation
import Testing

@testable import Imagine
@testable import ImagineBenchmark
@testable import ImagineCommand

@Suite struct BenchArgumentTests {
  private func bench(_ arguments: [String]) throws -> BenchCommand {
    try #require(try BenchCommand.parseAsRoot(arguments) as? BenchCommand)
  }

  private func complaint(_ arguments: [String], of type: any ParsableCommand.Type = BenchCommand.self) -> String? {
    do {
      _ = try type.parseAsRoot(arguments)
      return nil
    } catch {
      return type.message(for: error)
    }
  }

  @Test func commands() throws {
    func name(_ arguments: String...) throws -> String? {
      try Invocation(arguments).type.configuration.commandName
    }
    #expect(try name("bench") == "bench" && name("bench", "--json") == "bench" && name("bench", "ops") == "ops")
    #expect(try name("bench", "threads") == "threads")
    #expect(try name("ops") == "imagine" && name("-p", "bench") == "imagine")
    #expect(try Invocation(["bench", "ops", "--check"]).arguments == ["--check"])
  }

  @Test func options() throws {
    let benchmark = try bench([
      "--random", "sd15", "--size", "512x768", "--steps", "7", "--repeat", "3", "--profile", "--precision", "f32",
      "--device", "cpu",
    ]).benchmark
    #expect(benchmark.model == .random(.stableDiffusion15) && benchmark.size == Size(width: 512, height: 768))
    #expect(benchmark.steps == 7 && benchmark.repeats == 3 && benchmark.profiles)
    #expect(benchmark.options.device == .cpu && benchmark.options.precision == .float32)
  }

  @Test func models() throws {
    #expect(try bench(["-m", "/a.safetensors"]).benchmark.model == .file(URL(filePath: "/a.safetensors")))
    let plain = try bench([])
    #expect(plain.benchmark.parts == Set(Benchmark.Part.allCases))
    #expect(try bench(["--stage", "unet", "--stage", "picture"]).benchmark.parts == [.unet, .picture])
    #expect(plain.repeats == 5 && !plain.profile && !plain.json && plain.measured.size == nil && plain.steps == nil)
  }

  @Test func tuningOptions() throws {
    func tune(_ arguments: [String]) throws -> BenchTuneCommand {
      try #require(try BenchTuneCommand.parseAsRoot(arguments) as? BenchTuneCommand)
    }
    let command = try tune(["--random", "sd15", "--size", "512x768", "--stage", "unet", "--json"])
    #expect(command.measured.benchmark.model == .random(.stableDiffusion15) && command.json)
    #expect(command.measured.benchmark.parts == [.unet])
    #expect(complaint(["--repeat", "3"], of: BenchTuneCommand.self) != nil, "what is not done is not taken")
  }

  @Test func threadOptions() throws {
    func threads(_ arguments: [String]) throws -> BenchThreadsCommand {
      try #require(try BenchThreadsCommand.parseAsRoot(arguments) as? BenchThreadsCommand)
    }
    let command = try threads(["--random", "sd15", "--stage", "unet", "--threads", "8", "--repeat", "3", "--json"])
    #expect(command.measured.benchmark.parts == [.unet] && command.measured.benchmark.options.threads == 8)
    #expect(command.repeats == 3 && command.json)
    #expect(try threads(["--device", "cpu"]).repeats == 5 && !threads(["--device", "auto"]).json)
    let type = BenchThreadsCommand.self
    #expect(complaint(["--device", "vulkan"], of: type)?.contains("not a graphics card's: give --device cpu") == true)
    #expect(complaint(["--stage", "picture"], of: type)?.contains("--stage text, unet or vae") == true)
    #expect(complaint(["--repeat", "0"], of: type)?.contains("1 to 1000") == true)
    #expect(complaint(["--profile"], of: type) != nil, "what is not done is not taken")
  }

  @Test func mistakes() {
    #expect(complaint(["--random", "sd9"])?.contains("sd15, sd21, sdxl, sdxl-refiner, ssd-1b or mini") == true)
    #expect(complaint(["--random", "sdxl-unet"])?.contains("--random sdxl --stage unet") == true)
    #expect(complaint(["--random", "sd15", "-m", "x"])?.contains("contradict") == true)
    #expect(complaint(["--stage", "clip"])?.contains("text, unet, vae or picture") == true)
    #expect(complaint(["--repeat", "0"])?.contains("1 to 1000") == true)
    #expect(complaint(["--size", "wide"])?.contains("512x768") == true)
    #expect(complaint(["-m", "x"], of: BenchOpsCommand.self)?.contains("leave out --model") == true)
    #expect(complaint(["--vae-tiling", "always"], of: BenchOpsCommand.self)?.contains("leave out") == true)
    #expect(complaint(["--low-memory"], of: BenchOpsCommand.self)?.contains("leave out") == true)
    #expect(complaint(["--small"], of: BenchOpsCommand.self)?.contains("--check") == true)
    #expect(complaint(["--repeat", "2000"], of: BenchOpsCommand.self)?.contains("1 to 1000") == true)
  }
}

@Suite struct BenchReportTests {
  @Test func tablesLineUp() {
    var table = TextTable("name", "n", "time")
    table.add("a long name", "7", "1 s")
    table.add("b", "1234", "")
    #expect(table.text == "name            n  time\na long name     7   1 s\nb            1234\n")
  }

  @Test(
    arguments: [
      (1.234, "1.23 s"), (0.9996, "1.00 s"), (0.0456, "45.6 ms"), (0.00099951, "1.00 ms"), (0.000789, "789 µs"),
      (0, "0 µs"), (.nan, "-"), (1234, "1234 s"), (1.5e-9, "0.00150 µs"),
    ] as [(Double, String)])
  func times(_ seconds: Double, _ text: String) { #expect(Quantity.time(seconds) == text) }

  @Test func rates() {
    #expect(Quantity.tera(1.6e12, in: 0.008) == "200" && Quantity.giga(5.1e9, in: 0.5) == "10.2")
    #expect(Quantity.tera(0, in: 1) == "-" && Quantity.tera(3e9, in: 1) == "0.00300")
    #expect(Quantity.share(1, of: 3) == "33 %" && Quantity.share(1, of: 300) == "0.3 %")
    #expect(Quantity.share(1, of: 0) == "-")
  }

  private func result(
    profile: BenchmarkResult.Profile?, obstacle: String? = nil, tiles: TileState? = nil
  ) -> BenchmarkResult {
    BenchmarkResult(
      model: "random sd15", device: "Some GPU", precision: .float16, size: Size(width: 512, height: 512),
      ceiling: DeviceCeiling(flopsPerSecond: 4e14, bytesPerSecond: 4e12, tiles: tiles),
      stages: [
        BenchmarkResult.Stage(
          name: "UNet, one step", timing: Timing([0.008, 0.010, 0.009]), tiles: tiles, flops: 1.6e12, bytes: 5.1e9,
          roofSeconds: 0.0045, preparation: 1.5, weightBytes: 1_719_000_000, workingBytes: 123_000_000,
          profile: profile,
          profileObstacle: obstacle)
      ], picture: BenchmarkResult.Picture(steps: 20, coldSeconds: 3.2, timing: Timing([0.25]), tiles: tiles),
      notices: ["Something had to give way."],
      peakResidentBytes: 987_654_321)
  }

  @Test func everythingIsInTheTable() throws {
    let text = BenchReport(result(profile: nil)).text
    for part in [
      "random sd15, 512x512, f16\non Some GPU\n", "measured ceiling: 400 TFLOP/s, 4000 GB/s\n", "picture, 20 steps",
      "\nSomething had to give way.\n",
      "the first, with loading", "memory of the process at most: 987 MB\n",
    ] {
      #expect(text.contains(part), "\(part)")
    }
    let row = try #require(text.split(separator: "\n").first { $0.hasPrefix("UNet, one step") })
    let cells = row.split(separator: " ").dropFirst(3).map(String.init)
    #expect(
      cells == ["9.00", "ms", "8.00", "ms", "178", "567", "50", "%", "3", "1.50", "s", "1719", "MB", "123", "MB"])
  }

  @Test("A line for every figure says how fast tile registers were; none where there are none")
  func tiles() throws {
    let slow = "tile products take 18 ns: the slow state of a shared core; the fastest run says more than the median"
    let text = BenchReport(result(profile: nil, tiles: TileState(before: 7.1e-9, after: 18e-9))).text
    for line in [
      "measured ceiling: 400 TFLOP/s, 4000 GB/s; \(slow)", "UNet, one step: \(slow)", "picture, 20 steps: \(slow)",
    ] {
      #expect(text.contains("\(line)\n"), "\(line)")
    }
    let fast = BenchReport(result(profile: nil, tiles: TileState(before: 7.13e-9, after: 7.02e-9))).text
    #expect(fast.contains("UNet, one step: tile products take 7.1 ns: the fast state\n"))
    #expect(!BenchReport(result(profile: nil)).text.contains("tile products"))
    let json = try JSONText.of(TileState(before: 7e-9, after: 1.8e-8))
    #expect(json.contains("\"before\" : 7e-09") && json.contains("\"after\" : 1.8e-08"), "\(json)")
    #expect(!(try JSONText.of(result(profile: nil))).contains("tiles"))
  }

  @Test func tilesOfManyFigures() {
    let fast = TileState(before: 7e-9, after: 7.2e-9), slow = TileState(before: 9e-9, after: 16e-9)
    #expect(TileState.summary([]) == nil)
    #expect(TileState.summary([fast, fast]) == "tile products take 7.2 ns: the fast state")
    #expect(
      TileState.summary([fast, slow, fast])
        == "tile products take up to 16 ns: beside 1 of 3 figures, the slow state of a shared core")
  }

  @Test func threads() throws {
    func run(_ threads: Int, _ seconds: [Double], _ speed: Double, _ tiles: TileState? = nil) -> BenchmarkThreads.Run {
      BenchmarkThreads.Run(threads: threads, timing: Timing(seconds), speed: speed, tiles: tiles)
    }
    let unet = BenchmarkThreads.Stage(name: "UNet, one step", runs: [run(1, [4, 3], 1), run(2, [2], 1.75)])
    let slow = TileState(before: 7e-9, after: 15e-9)
    let vae = BenchmarkThreads.Stage(name: "VAE decoder", runs: [run(1, [8], 1, slow)])
    let result = BenchmarkThreads(
      model: "random sd15", processor: "Some CPU", precision: .bfloat16, size: Size(width: 512, height: 512),
      usualThreads: 2, stages: [unet, vae])
    #expect(
      BenchThreadsCommand.text(result) == """
        random sd15, 512x512, bf16
        on Some CPU

        UNet, one step       median  fastest  runs  speed
        1 thread             3.50 s   3.00 s     2   1.00
        2 threads, as usual  2.00 s   2.00 s     1   1.75

        VAE decoder  median  fastest  runs  speed
        1 thread     8.00 s   8.00 s     1   1.00
        1 thread: tile products take 15 ns: the slow state of a shared core; the fastest run says more than the median

        """)
    let json = try JSONText.of(result)
    #expect(json.contains("\"usualThreads\" : 2") && json.contains("\"speed\" : 1.75") && json.contains("\"tiles\""))
  }

  @Test func profiles() throws {
    let operation = BenchmarkResult.Operation(
      name: "conv2d", scope: "unet.conv_in", count: 3, shapes: "[2, 64, 64, 4] x [320, 4, 3, 3] -> [2, 64, 64, 320]",
      seconds: 0.002, flops: 4e11, bytes: 1e9, roofSeconds: 0.001)
    let kind = BenchmarkResult.Kind(
      name: "conv2d", count: 64, seconds: 0.002, flops: 4e11, bytes: 1e9, roofSeconds: 0.001)
    let text = BenchReport(
      result(profile: BenchmarkResult.Profile(seconds: 0.008, kinds: [kind], operations: [operation]))
    ).text
    #expect(text.contains("UNet, one step, operation by operation: 8.00 ms\n"))
    let rows = text.split(separator: "\n").filter { $0.hasPrefix("conv2d") }
      .map { $0.split(separator: " ").joined(separator: " ") }
    #expect(
      rows == [
        "conv2d 64 2.00 ms 25 % 200 500 50 %",
        "conv2d unet.conv_in 3 2.00 ms 200 500 50 % [2, 64, 64, 4] x [320, 4, 3, 3] -> [2, 64, 64, 320]",
      ])
    let without = BenchReport(result(profile: nil, obstacle: "It has no clock.")).text
    #expect(without.contains("UNet, one step: It has no clock."))
  }

  @Test func operations() {
    func operation(
      _ name: String, count: Int?, _ seconds: Double?, _ obstacle: String? = nil
    ) -> OpBenchmark.Operation {
      OpBenchmark.Operation(
        name: name, count: count, seconds: seconds, tiles: nil, flops: 1e9, bytes: 1e6, roofSeconds: 0.001,
        obstacle: obstacle)
    }
    let result = OpBenchmark.Result(
      device: "Some GPU", precision: .float16, ceiling: DeviceCeiling(flopsPerSecond: 1e12, bytesPerSecond: 1e9),
      isProfiled: true,
      operations: [
        operation("sd15 unet silu", count: 3, 0.001), operation("sd15 unet conv2d", count: 2, 0.004),
        operation("add", count: nil, 0.002), operation("huge", count: nil, nil, "It is too large."),
      ])
    let lines = BenchOpsReport(result).text.split(separator: "\n")
      .map { $0.split(separator: " ").joined(separator: " ") }
    #expect(lines.contains("sd15 unet conv2d 2 4.00 ms 8.00 ms 0.250 0.250 25 %"))
    #expect(lines.contains("all of these together: 11.0 ms") && lines.contains("add 2.00 ms 0.500 0.500 50 %"))
    #expect(lines.contains("huge - - - -") && lines.contains("huge: It is too large."))
    #expect(lines.firstIndex { $0.contains("conv2d") } ?? 9 < lines.firstIndex { $0.contains("silu") } ?? 0)
  }

  @Test func tuning() throws {
    func product(_ name: String, count: Int, _ usual: Double, _ seconds: Double) -> BenchmarkTuning.Product {
      BenchmarkTuning.Product(name: name, count: count, choice: "64x64x64", usualSeconds: usual, seconds: seconds)
    }
    let text = BenchTuneCommand.text(
      BenchmarkTuning(
        device: "Some GPU",
        products: [product("small", count: 1, 0.002, 0.002), product("big", count: 3, 0.002, 0.001)]))
    let lines = text.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
    #expect(lines[0] == "on Some GPU")
    #expect(
      lines[2...] == [
        "big 3 2.00 ms 1.00 ms 2.00 64x64x64", "small 1 2.00 ms 2.00 ms 1.00 64x64x64",
        "all products 4 8.00 ms 5.00 ms 1.60",
      ])
  }

  @Test func checks() {
    let result = OpCheck.Result(
      device: "Some GPU", agreeing: 5, unsupported: ["x (float16): no"], mismatches: ["y (float32): NMSE is 1"],
      kernelsInLocalMemory: ["matmul_f32 [0: 32]: 256 bytes"])
    #expect(!result.isCorrect)
    #expect(
      !OpCheck.Result(
        device: "Some GPU", agreeing: 5, unsupported: [], mismatches: [],
        kernelsInLocalMemory: result.kernelsInLocalMemory
      ).isCorrect)
    #expect(
      BenchOpsReport.text(result)
        == """
        on Some GPU: 5 cases agree with the reference
        1 not computed there, such as x (float16): no
        WRONG y (float32): NMSE is 1
        SLOW, in memory instead of registers: matmul_f32 [0: 32]: 256 bytes

        """)
  }
}

@Suite(.serialized, .enabled(if: Program.url != nil, "The program `imagine` is not beside the tests."))
struct BenchProgramTests {
  private func run(_ arguments: [String]) throws -> Program.Result {
    let program = try Program()
    defer { program.remove() }
    return try program.run(["bench"] + arguments + ["--device", "cpu", "-t", "1"])
  }

  @Test func aModel() throws {
    let result = try run(["--random", "mini", "--repeat", "1", "--steps", "1", "--json", "--precision", "f32"])
    #expect(result.status == 0, "\(result.messages)")
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any], "\(result.output)")
    #expect(object["model"] as? String == "random mini")
    #expect(result.messages.contains("measuring UNet, one step\n"))
  }

  @Test func threads() throws {
    let result = try run(["threads", "--random", "mini", "--stage", "vae", "--repeat", "1", "--precision", "f32"])
    #expect(result.status == 0 && result.output.contains("1 thread"), "\(result.messages)")
    #expect(result.messages.contains("measuring decoder, threads: 1\n"))
  }

  @Test func operations() throws {
    let timed = try run(["ops", "--filter", "softmax", "--repeat", "1", "--precision", "f32"])
    #expect(timed.status == 0 && timed.output.contains("measured ceiling"), "\(timed.messages)")
    let checked = try run(["ops", "--check", "--small", "--filter", "softmax"])
    #expect(checked.status == 0 && checked.output.contains("agree with the reference"), "\(checked.messages)")
    #expect(try run(["ops", "--filter", "no such operation"]).status == 2)
    #expect(try run(["ops", "--small"]).status == 2)
  }
}
