import ImagineGraph
import ImagineReference
import ImagineTesting
import ImagineVulkan
import Synchronization
import Testing

/// How weights come to the device.
@Suite(
  .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan device (Debian: mesa-vulkan-drivers has one in software)"),
  .serialized)
struct VulkanWeightTests {
  /// Values that depend on their positions, and a record of how much was asked for at once.
  private final class IndexedWeights: WeightSource {
    private let counts: [String: Int]
    private let largest = Mutex(0)
    private let asked = Mutex<[String: Int]>([:])

    init(_ graph: Graph) {
      counts = Dictionary(uniqueKeysWithValues: graph.parameters.map { ($0.path, $0.type.shape.count) })
    }

    /// Bytes of the largest request.
    var largestRequest: Int { largest.withLock { $0 } }
    /// Elements given of each weight.
    var given: [String: Int] { asked.withLock { $0 } }

    func read(_ name: String, as type: ElementType, into destination: UnsafeMutableRawBufferPointer) throws {
      let count = counts[name] ?? 0
      try read(name, as: type, elements: 0..<count, of: count, into: destination)
    }

    func read(
      _ name: String, as type: ElementType, elements: Range<Int>, of count: Int,
      into destination: UnsafeMutableRawBufferPointer
    ) throws {
      #expect(counts[name] == count && destination.count == elements.count * type.size)
      largest.withLock { $0 = max($0, destination.count) }
      asked.withLock { $0[name, default: 0] += elements.count }
      for (place, element) in elements.enumerated() {
        let value = Float(UInt32(truncatingIfNeeded: element &* 2_654_435_761) >> 20) / 4096 - 0.5
        switch type {
        case .float16:
          destination.storeBytes(of: HalfFloat.bits(value), toByteOffset: place * 2, as: UInt16.self)
        default: destination.storeBytes(of: value, toByteOffset: place * 4, as: Float.self)
        }
      }
    }
  }

  /// A linear weight of 37 MB and a convolution's of 38 MB in float32, more than a buffer of the ring takes.
  private func network() throws -> Graph {
    let builder = GraphBuilder(precision: .float32)
    let image = builder.input("x", [1, 1, 1, 1024]).conv2d(
      Parameter(path: "net.conv.weight", shape: [1024, 1024, 3, 3]),
      bias: Parameter(path: "net.conv.bias", shape: [1024]), Convolution(padding: .init(1)))
    return try builder.finish([
      image.asTokens().linear(
        Parameter(path: "net.linear.weight", shape: [9001, 1024]),
        bias: Parameter(path: "net.linear.bias", shape: [9001]))
    ])
  }

  @Test("Weights larger than the ring come in pieces", arguments: [true, false])
  func pieces(_ direct: Bool) throws {
    let instance = try #require(VulkanTestDevice.instance)
    let graph = try network(), source = IndexedWeights(graph)
    var configuration = VulkanBackend.Configuration()
    configuration.writesWeightsDirectly = direct
    let backend = try VulkanBackend(in: instance, configuration)
    let weights = try backend.upload(source, for: graph)
    let plan = try backend.preparedPlan(graph, weights: weights)
    for (path, type) in graph.parameters { #expect(source.given[path] == type.shape.count) }
    if !direct { #expect(source.largestRequest <= 32 << 20) }
    let held = weights.byteCount
    #expect(held >= graph.parameters.reduce(0) { $0 + $1.type.byteCount })

    let inputs = ["x": Distribution.normal().tensor(TensorType([1, 1, 1, 1024], .float32), seed: "x")]
    let reference = ReferenceBackend()
    let expected = try reference.plan(graph, weights: reference.upload(IndexedWeights(graph), for: graph)).run(inputs)
    #expect(try plan.run(inputs)[0].mismatch(with: expected[0], Tolerance(.float32)) == nil)

    // Another plan finds them there.
    _ = try backend.plan(graph, weights: weights)
    #expect(weights.byteCount == held && source.given["net.conv.bias"] == 1024)
    #expect(instance.validationMessages == [])
  }

  @Test("Small weights fill what large ones leave of a block") func sharedBlocks() throws {
    let instance = try #require(VulkanTestDevice.instance)
    let builder = GraphBuilder(precision: .float32)
    // Two of 36 MB, each of which leaves 31 MB of a block, then 50 of 1 MB.
    var x = builder.input("x", [1, 3000])
    for index in 0..<2 { x = x.linear(Parameter(path: "net.\(index).weight", shape: [3000, 3000]), bias: nil) }
    var y = x.sliced(axis: 1, start: 0, count: 512)
    for index in 2..<52 { y = y.linear(Parameter(path: "net.\(index).weight", shape: [512, 512]), bias: nil) }
    let graph = try builder.finish([y])
    let backend = try VulkanBackend(in: instance)
    let weights = try backend.upload(IndexedWeights(graph), for: graph)
    _ = try backend.plan(graph, weights: weights)
    #expect(weights.byteCount <= 2 << 26, "two blocks of 64 MiB are enough")
    #expect(instance.validationMessages == [])
  }

  @Test("An error while loading leaves nothing behind, and loading can be tried again", arguments: [true, false])
  func failure(_ direct: Bool) throws {
    let instance = try #require(VulkanTestDevice.instance)
    let network = try SmallNetwork(), faults = VulkanFaults()
    var configuration = VulkanBackend.Configuration()
    configuration.writesWeightsDirectly = direct
    configuration.faults = faults
    let backend = try VulkanBackend(in: instance, configuration)
    let lacking = try backend.upload(HostWeights([:]), for: network.graph)
    #expect(throws: WeightError.self) { try backend.plan(network.graph, weights: lacking) }
    #expect(lacking.byteCount == 0)

    let weights = try backend.upload(network.weights, for: network.graph)
    faults.add(.init(.queueSubmit, .outOfDeviceMemory, times: 1))
    #expect(throws: VulkanError.self) { try backend.plan(network.graph, weights: weights) }
    #expect(weights.byteCount == 0 && backend.allocatedBytes == 0)
    _ = try backend.plan(network.graph, weights: weights).run(network.inputs)
    #expect(instance.validationMessages == [])
  }
}
