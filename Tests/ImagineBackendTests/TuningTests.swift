import Foundation
import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineVulkan

@Suite("Choices by measurement")
struct TuningTests {
  private static let units = MatrixUnits(
    matrix: CooperativeMatrix(rows: 16, columns: 16, depth: 16), subgroupSize: 32, converts: false)

  private func folder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appending(path: "imagine-tuning-\(UUID())")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  private func product(_ rows: Int) throws -> ProductShape {
    try #require(
      ProductShape(
        .linear(Epilogue(bias: true)),
        [TensorType([rows, 64], .float16), TensorType([32, 64], .float16), TensorType([32], .float32)],
        TensorType([rows, 32], .float16)))
  }

  @Test(
    "A table comes back from its file, and a damaged file is none",
    .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan"))
  func file() throws {
    let device = try #require(VulkanTestDevice.backend).device, folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    #expect(TuningTable(in: folder, for: device) == nil)
    var table = TuningTable()
    table[try product(9)] = TuningTable.Choice(try #require(MatrixTile.all(Self.units).first), parts: 3)
    try table.save(in: folder, for: device)
    #expect(TuningTable(in: folder, for: device) == table)
    #expect(table[try product(9)]?.parts == 3)
    #expect(table[try product(8)] == nil)
    let file = try #require(FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).first)
    for damage in [Data(), Data("{".utf8), Data([0xff, 0xfe, 0]), Data(#"{"choices": {"a": {"rows": -1}}}"#.utf8)] {
      try damage.write(to: file)
      #expect(TuningTable(in: folder, for: device) == nil)
    }
  }

  @Test("Everything that a product's time depends on is in its name") func names() throws {
    func conv(_ side: Int, _ channels: Int, stride: Int = 1, upsampled: Int? = nil, residual: Bool = false)
      -> String?
    {
      let up = upsampled.map { Convolution.Upsampling(height: $0, width: $0) }
      let size = ((upsampled ?? side) + stride - 1) / stride
      let x = TensorType([1, side, side, channels], .float16), result = TensorType([1, size, size, 8], .float16)
      let weight = TensorType([8, channels, 3, 3], .float16)
      return ProductShape(
        .conv2d(
          Convolution(stride: stride, padding: .init(1), upsampling: up), Epilogue(residual: residual)),
        [x, weight] + (residual ? [result] : []), result)?.description
    }
    let names = [
      conv(8, 16), conv(16, 16), conv(8, 32), conv(8, 16, stride: 2), conv(8, 16, upsampled: 16),
      conv(8, 16, upsampled: 12), conv(8, 16, residual: true), try product(9).description, try product(8).description,
    ]
    #expect(Set(names.compactMap { $0 }).count == names.count)
  }

  @Test(
    "Products and attention are timed and kept, and what is kept gives the same results",
    .enabled(
      if: VulkanTestDevice.matrixBackend != nil, "no Vulkan device with matrix units (Mesa 26 has one in software)"))
  func tuning() throws {
    let instance = try #require(VulkanTestDevice.instance), folder = try folder()
    defer { try? FileManager.default.removeItem(at: folder) }
    var configuration = VulkanBackend.Configuration()
    (configuration.tier, configuration.pipelineCache) = (.t2, folder)
    let builder = GraphBuilder(precision: .float16)
    let x = builder.input("x", [1, 40, 32], .float16)
    let mapped = x.linear(Parameter(path: "a.weight", shape: [32, 32]), bias: Parameter(path: "a.bias", shape: [32]))
    let graph = try builder.finish([mapped.attention(keys: mapped, values: mapped, heads: 2)])
    var steps: [Int] = []
    let tuned = try VulkanBackend(in: instance, configuration).tune([graph]) { done, _ in steps.append(done) }
    #expect(tuned.count == 2 && steps == [0, 1])
    #expect(tuned.allSatisfy { $0.seconds > 0 && $0.seconds <= $0.usualSeconds && $0.count == 1 })
    let backend = try VulkanBackend(in: instance, configuration)
    #expect(backend.context.productDevice.tuned != TuningTable())
    let weights = RandomWeights(graph.parameters)
    let inputs = ["x": Distribution.normal().tensor(TensorType([1, 40, 32], .float16), seed: "x")]
    let plain = try #require(VulkanTestDevice.matrixBackend)
    let expected = try plain.plan(graph, weights: plain.upload(weights, for: graph)).run(inputs)[0]
    let result = try backend.plan(graph, weights: backend.upload(weights, for: graph)).run(inputs)[0]
    #expect(result.mismatch(with: expected, Tolerance(.float16)) == nil)
  }
}
