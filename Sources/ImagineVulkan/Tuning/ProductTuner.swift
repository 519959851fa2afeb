import CVulkan
import Foundation
import ImagineGraph

/// Times the ways to compute a product on a device's matrix units.
///
/// A product is run many times in a row on random numbers, with weights that change from run to run, as a network's do: a
/// device that idles in between runs slowly, and one that finds its weights in a cache too fast.
final class ProductTuner {
  private let context: VulkanContext
  private let operands: DeviceBuffer
  private let results: DeviceBuffer
  /// Of what a way is reckoned to take, as the last shape took it.
  private var secondsPerSum = 1 / 1.4e12

  /// Weights that take turns, and what they may take together.
  private static let weightCopies = 8
  private static let weightBytes = 256 << 20
  /// Bytes of random numbers that the operands are filled with, again and again.
  private static let patternBytes = 8 << 20

  /// - Parameter shapes: of the products that will be timed.
  /// - Throws: `VulkanError`, also if the device has no room for the largest.
  init(for shapes: [ProductShape], _ context: VulkanContext) throws {
    self.context = context
    let places = shapes.map { Places($0, context) }
    operands = try DeviceBuffer(
      places.map(\.operandBytes).max() ?? 0, .device, for: "timing products", on: context.device)
    results = try DeviceBuffer(places.map(\.resultBytes).max() ?? 0, .device, for: "timing products", on: context.device)
    try fill()
  }

  /// Where operands and results of a product lie.
  private struct Places {
    let left: Int, right: Int, bias: Int, residual: Int
    let copies: Int
    let operandBytes: Int, resultBytes: Int, scratchStart: Int

    init(_ shape: ProductShape, _ context: VulkanContext) {
      let size = shape.left.size, pixels = shape.pixels
      left = context.aligned(
        (pixels.map { shape.rows / max($0.resultHeight * $0.resultWidth, 1) * $0.height * $0.width * $0.channels }
          ?? shape.batch * shape.rows * shape.depth) * size)
      right = context.aligned(shape.batch * shape.columns * shape.depth * size)
      bias = context.aligned(shape.columns * 4)
      residual = context.aligned(shape.batch * shape.rows * shape.columns * size)
      copies = max(1, min(ProductTuner.weightCopies, ProductTuner.weightBytes / max(right, 1)))
      operandBytes = left + copies * right + bias + residual
      scratchStart = residual
      resultBytes = residual + 16 * shape.rows * shape.columns * 4
    }
  }

  private func fill() throws {
    let device = context.device, count = min(Self.patternBytes, operands.byteCount)
    let pattern = try DeviceBuffer(count, .upload, for: "timing products", on: device)
    guard let address = pattern.address else { throw VulkanError(.failed, "Memory for uploads is not visible.") }
    var generator = SystemRandomNumberGenerator()
    let halves = address.assumingMemoryBound(to: UInt16.self)
    // Signs and fractions are random, exponents around one: as far as power goes, any numbers of that size are alike.
    for index in 0..<count / 2 { halves[index] = UInt16.random(in: 0...0x8fff, using: &generator) & 0x8fff | 0x3000 }
    try device.runOnce("filling memory") { buffer in
      for start in stride(from: 0, to: operands.byteCount, by: count) {
        device.copy(
          BufferSpan(pattern, byteCount: count),
          to: BufferSpan(operands, offset: start, byteCount: min(count, operands.byteCount - start)), in: buffer)
      }
      device.barrier(buffer)
    }
  }

  /// Compiles what all these ways need, on all of the processor's cores.
  func prepare(_ products: [(shape: ProductShape, candidates: [(tile: MatrixTile, parts: Int)])]) throws {
    let dispatches = try products.flatMap { product in
      try product.candidates.flatMap { try self.dispatches(product.shape, $0.tile, parts: $0.parts, run: 0) }
    }
    try context.pipelines.prepare(
      dispatches.flatMap { dispatch in
        try dispatch.pieces(context.device, context.pace).map { PipelineKey(dispatch.kernel, $0) }
      })
  }

  /// The ways worth timing: first what is chosen without, then what that choice's reckoning thinks is near.
  func candidates(for shape: ProductShape) -> [(tile: MatrixTile, parts: Int)] {
    var device = context.productDevice
    device.tuned = ProductTable()
    guard let units = device.units, let usual = MatrixTile.best(for: shape, on: device) else { return [] }
    func time(_ tile: MatrixTile, _ parts: Int) -> Double { tile.time(for: shape, parts: parts, cores: device.cores) }
    let limit = 1.8 * time(usual.tile, usual.parts)
    let others = MatrixTile.all(units).filter { $0.fits(shape, device) }.flatMap { tile in
      MatrixTile.partsWorthTrying(shape).map { (tile: tile, parts: tile.parts(of: shape.depth, wanted: $0)) }
    }
    var seen: Set<ProductTable.Choice> = []
    let near = others.filter { time($0.tile, $0.parts) <= limit }
      .sorted { time($0.tile, $0.parts) < time($1.tile, $1.parts) }
    return ([usual] + near).filter { seen.insert(ProductTable.Choice($0.tile, parts: $0.parts)).inserted }.prefix(12)
      .map { $0 }
  }

  /// Seconds of one run of each of these ways.
  ///
  /// All are submitted at once, one after the other and all once more, of which the faster counts: a device that idles in
  /// between lowers its clock.
  func seconds(_ shape: ProductShape, _ candidates: [(tile: MatrixTile, parts: Int)]) throws -> [Double] {
    let trials = try candidates.map { try Trial(self, shape, $0.tile, parts: $0.parts, runs: runs($0.tile, $0.parts, shape)) }
    var best = [Double](repeating: .infinity, count: trials.count)
    for _ in 0..<2 {
      try context.device.locked {
        try context.device.submit(trials.flatMap { $0.commands.submissions(context.pace) }, "timing products")
      }
      for (index, trial) in trials.enumerated() { best[index] = min(best[index], try trial.seconds()) }
    }
    if let first = candidates.first, let seconds = best.first {
      secondsPerSum = seconds / first.tile.time(for: shape, parts: first.parts, cores: context.productDevice.cores)
    }
    return best
  }

  /// Keeps the device busy with one way until it has reached its clock.
  func warmUp(_ shape: ProductShape, _ candidates: [(tile: MatrixTile, parts: Int)]) throws {
    let start = ContinuousClock.now
    while start.duration(to: .now) < .milliseconds(500) { _ = try seconds(shape, Array(candidates.prefix(1))) }
  }

  /// As many as take a trial about two milliseconds.
  private func runs(_ tile: MatrixTile, _ parts: Int, _ shape: ProductShape) -> Int {
    let expected = tile.time(for: shape, parts: parts, cores: context.productDevice.cores) * secondsPerSum
    return max(6, min(150, Int(2e-3 / max(expected, 1e-7))))
  }

  /// Runs of one way, recorded with the device's clock around them.
  private final class Trial {
    let commands: CommandSequence
    private let descriptors: DescriptorSets
    private let queries: TimestampQueries
    private let runs: Int

    init(_ tuner: ProductTuner, _ shape: ProductShape, _ tile: MatrixTile, parts: Int, runs: Int) throws {
      let context = tuner.context
      let dispatches = try (0..<runs).flatMap { try tuner.dispatches(shape, tile, parts: parts, run: $0) }
      let queries = try TimestampQueries(2, on: context.device)
      descriptors = try DescriptorSets(dispatches, context.pipelines, on: context.device)
      commands = try context.record(dispatches, descriptors) {
        queries.write(0, into: $0)
      } after: {
        context.device.barrier($0)
        queries.write(1, into: $0)
      }
      self.queries = queries
      self.runs = runs
    }

    func seconds() throws -> Double {
      let times = try queries.values()
      return queries.duration(from: times[0], to: times[1]) / .seconds(1) / Double(runs)
    }
  }

  private func dispatches(
    _ shape: ProductShape, _ tile: MatrixTile, parts: Int, run: Int
  ) throws -> [Dispatch] {
    let places = Places(shape, context), type = shape.left
    func value(_ buffer: DeviceBuffer, _ offset: Int, _ bytes: Int, _ type: ElementType) -> Value {
      Value(
        type: TensorType([bytes / type.size], type), span: BufferSpan(buffer, offset: offset, byteCount: bytes))
    }
    let rights = places.left + places.copies * places.right
    var operands = [
      value(self.operands, 0, places.left, type),
      value(self.operands, places.left + run % places.copies * places.right, places.right, type),
    ]
    if shape.epilogue.bias { operands.append(value(self.operands, rights, places.bias, .float32)) }
    if shape.epilogue.residual {
      operands.append(value(self.operands, rights + places.bias, places.residual, type))
    }
    let columns = shape.isGated ? shape.columns / 2 : shape.columns
    let result = Value(
      type: TensorType([shape.batch * shape.rows, columns], type),
      span: BufferSpan(results, byteCount: shape.batch * shape.rows * columns * type.size))
    let variant = ProductVariant(kernel: .matrix(tile), tile: .plain, parts: parts)
    let scratch = BufferSpan(
      results, offset: places.scratchStart, byteCount: max(variant.scratchBytes(for: shape), 4))
    return try product(shape, variant, operands, result, scratch: scratch)
  }
}
