internal import Imagine
internal import ImagineEngine
internal import ImagineGraph
internal import ImagineModels
internal import ImagineVulkan

/// How the products of a model were found to be fastest on a graphics card.
package struct BenchmarkTuning: Sendable, Encodable {
  /// For people to read.
  package let device: String
  package let products: [Product]

  /// A product that the model's networks compute.
  package struct Product: Sendable, Encodable {
    /// What its time depends on.
    package let name: String
    /// How often the networks compute it, each run once.
    package let count: Int
    /// The fastest way to compute it.
    package let choice: String
    /// Of the way that is chosen without measuring.
    package let usualSeconds: Double
    /// Of the fastest.
    package let seconds: Double
  }
}

extension Benchmark {
  /// Times the ways to compute each product of the model's networks on a graphics card with matrix units, and keeps the
  /// fastest beside the compiled kernels: pictures are drawn that way from the next opening of the device on.
  ///
  /// - Parameter onProgress: told how many products of how many are done.
  /// - Throws: `ImagineError`; `invalidRequest` for a device without matrix units.
  package func tune(onProgress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }) async throws -> BenchmarkTuning {
    try await BenchmarkMachine().tune(self, onProgress)
  }
}

extension BenchmarkMachine {
  func tune(_ benchmark: Benchmark, _ onProgress: @Sendable (Int, Int) -> Void) throws -> BenchmarkTuning {
    try ImagineError.translating {
      let opened = try benchmark.open(), device = try OpenedDevice(benchmark.options.settings)
      guard let backend = device.backend as? VulkanBackend, backend.tier.usesMatrixUnits else {
        throw ImagineError(
          .invalidRequest, "\(device.name) is not used through matrix units: there is nothing to choose from.")
      }
      let precision = benchmark.options.precision?.graph ?? device.preferredPrecision
      let defaults = opened.model.defaults
      let size = benchmark.size ?? Size(width: defaults.width, height: defaults.height)
      let stages = try opened.stages(benchmark.parts, size, prompts: 2, precision)
      let products = try backend.tune(stages.map(\.graph)) { done, count in
        try Task.checkCancellation()
        onProgress(done, count)
      }
      return BenchmarkTuning(
        device: device.name,
        products: products.map {
          BenchmarkTuning.Product(
            name: $0.name, count: $0.count, choice: $0.choice, usualSeconds: $0.usualSeconds, seconds: $0.seconds)
        })
    }
  }
}
