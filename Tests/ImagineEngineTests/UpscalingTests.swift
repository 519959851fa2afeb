import Foundation
import ImagineCPU
import ImagineGoldens
import ImagineGraph
import ImagineImage
import ImagineModels
import ImagineTesting
import Synchronization
import Testing

@testable import ImagineEngine

/// Pictures made larger: what comes out, in one window and in many.
struct UpscalingTests {
  private func upscaling(
    _ name: String, longest: Int, report: @escaping (EngineEvent) -> Void = { _ in }
  ) throws -> Upscaling {
    let golden = try Golden("upscalers/\(name)")
    var shapes: [String: Shape] = [:]
    for (path, shape) in golden.shapes where path.hasPrefix("weight.") {
      shapes["upscaler." + path.dropFirst("weight.".count)] = shape
    }
    let model = try UpscalerNetwork(shapes, file: name)
    let upscaler = OpenedUpscaler(model, GoldenWeights(golden: golden), name: name)
    var settings = EngineSettings()
    settings.memory.free = { nil }
    let device = OpenedDevice(
      try CPUBackend(threads: 1), name: "a device for tests", preferredPrecision: .float32)
    let runner = NetworkRunner(
      upscaler.part, settings, on: ComputePlaces(device, precision: .float32), among: ResidentNetworks())
    return Upscaling(upscaler: upscaler, runner: runner, policy: MemoryPolicy(), longest: longest, report: report)
  }

  /// A golden's weights by the names of the network.
  private struct GoldenWeights: WeightSource {
    let golden: Golden

    func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
      try golden.read("weight." + name.dropFirst("upscaler.".count), as: type, into: destination)
    }
  }

  private func picture(width: Int, height: Int, isGrey: Bool = false) throws -> RGBImage {
    var pixels: [UInt8] = []
    for row in 0..<height {
      for column in 0..<width {
        let shades = [40 + 3 * column + row, 200 - 2 * row, 90 + (row * column) % 90]
        pixels += (0..<3).map { UInt8(clamping: shades[isGrey ? 0 : $0]) }
      }
    }
    return try RGBImage(width: width, height: height, pixels: pixels)
  }

  private func largestDifference(_ one: RGBImage, _ other: RGBImage) -> Int {
    zip(one.pixels, other.pixels).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
  }

  @Test("A picture in one window is what the network makes of it, rounded to 8 bits")
  func networkValues() throws {
    let golden = try Golden("upscalers/compact_x4"), input = try golden.tensor("input")
    let (height, width) = (input.shape[1], input.shape[2])
    let image = try RGBImage(
      width: width, height: height, pixels: input.floats.map { UInt8(($0 * 255).rounded()) })
    let upscaling = try upscaling("compact_x4", longest: 288)
    let result = try upscaling.enlarged(image, toWidth: 4 * width, height: 4 * height)
    let builder = GraphBuilder()
    let graph = try builder.finish([upscaling.upscaler.model.trace(height: height, width: width, builder)])
    let backend = try CPUBackend()
    let plan = try backend.plan(graph, weights: backend.upload(upscaling.upscaler.part.weights, for: graph))
    let exact = try plan.run([
      UpscalerNetwork.input: HostTensor(input.shape, image.pixels.map { Float($0) / 255 })
    ])[0]
    let expected = exact.floats.map { UInt8((min(max($0, 0), 1) * 255).rounded(.toNearestOrEven)) }
    #expect(result.pixels == expected)
    #expect(Set(expected).count > 20)
  }

  @Test("Windows that reach as far as the network does give the picture of one window")
  func tilesAreExact() throws {
    let image = try picture(width: 61, height: 53)
    let whole = try upscaling("compact_x4", longest: 288).enlarged(image, toWidth: 244, height: 212)
    let tiled = try upscaling("compact_x4", longest: 32).enlarged(image, toWidth: 244, height: 212)
    #expect(largestDifference(whole, tiled) <= 1)
    #expect(zip(whole.pixels, tiled.pixels).count { $0 != $1 } < whole.pixels.count / 1000)
  }

  @Test("Where they cannot reach that far, no seam shows", arguments: ["esrgan_x4", "swinir_x2_lightweight"])
  func tilesShowNoSeams(_ name: String) throws {
    let image = try picture(width: 100, height: 90), scale = name.contains("x4") ? 4 : 2
    let whole = try upscaling(name, longest: 288).enlarged(image, toWidth: 100 * scale, height: 90 * scale)
    let tiled = try upscaling(name, longest: 64).enlarged(image, toWidth: 100 * scale, height: 90 * scale)
    #expect(largestDifference(whole, tiled) <= 2, "\(largestDifference(whole, tiled))")
  }

  @Test("Sizes that the network cannot take are filled up, and cut again", arguments: [1, 3, 5, 13])
  func anySize(_ side: Int) throws {
    let image = try picture(width: side, height: side + 2)
    for (name, scale) in [("esrgan_x2_unshuffled", 2), ("esrgan_x1_unshuffled", 1), ("swinir_x2_lightweight", 2)] {
      let result = try upscaling(name, longest: 288)
        .enlarged(image, toWidth: side * scale, height: (side + 2) * scale)
      #expect((result.width, result.height) == (side * scale, (side + 2) * scale), "\(name)")
    }
  }

  @Test("A grey picture stays grey, also where the network would colour it")
  func greyStaysGrey() throws {
    let image = try picture(width: 12, height: 10, isGrey: true)
    for name in ["esrgan_x4", "compact_x4"] {
      let result = try upscaling(name, longest: 288).enlarged(image, toWidth: 48, height: 40)
      #expect(result.isGrey, "\(name)")
      #expect(Set(result.pixels).count > 10, "\(name)")
    }
  }

  @Test("A network of one channel does every channel of a picture in colour")
  func oneChannel() throws {
    let image = try picture(width: 9, height: 8), upscaling = try upscaling("compact_x1_grey", longest: 288)
    let result = try upscaling.enlarged(image, toWidth: 9, height: 8)
    #expect(!result.isGrey)
    for channel in 0..<3 {
      let plane = (0..<72).flatMap { [UInt8](repeating: image.pixels[3 * $0 + channel], count: 3) }
      let alone = try upscaling.enlarged(
        RGBImage(width: 9, height: 8, pixels: plane), toWidth: 9, height: 8)
      #expect((0..<72).allSatisfy { alone.pixels[3 * $0] == result.pixels[3 * $0 + channel] })
    }
  }

  @Test("The network runs until the size is reached, three times at most, and a filter does the rest")
  func passes() throws {
    let image = try picture(width: 6, height: 5)
    for (width, height, runs) in [(12, 10, 1), (9, 7, 1), (13, 10, 2), (24, 20, 2), (40, 40, 3), (200, 100, 3)] {
      let tiles = Mutex<[(index: Int, count: Int)]>([])
      let upscaling = try upscaling("compact_x2", longest: 288) { event in
        if case .tile(let index, let count) = event { tiles.withLock { $0.append((index, count)) } }
      }
      let result = try upscaling.enlarged(image, toWidth: width, height: height)
      #expect((result.width, result.height) == (width, height))
      let told = tiles.withLock { $0 }
      #expect(told.last?.index == runs && told.allSatisfy { $0.count == runs }, "\(width)x\(height): \(told)")
    }
  }

  @Test func cancellingStopsBetweenWindows() async throws {
    let image = try picture(width: 100, height: 100), seen = Mutex(0)
    let upscaling = try Mutex(
      upscaling("compact_x4", longest: 32) { event in
        guard case .tile(let index, _) = event else { return }
        seen.withLock { $0 = index }
        if index == 2 { withUnsafeCurrentTask { $0?.cancel() } }
      })
    let task = Task {
      try upscaling.withLock { try $0.enlarged(image, toWidth: 400, height: 400) }
    }
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(seen.withLock { $0 } == 2)
  }
}
