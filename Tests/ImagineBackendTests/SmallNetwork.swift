import ImagineGraph
import ImagineTesting

/// A network with an image and a weight of each form, quick on a software driver.
struct SmallNetwork {
  let graph: Graph

  init(side: Int = 5, channels: Int = 8, precision: Precision = .float32) throws {
    let builder = GraphBuilder(precision: precision)
    let x = builder.input("x", [1, side, side, channels], precision.activations)
    let image = x.conv2d(
      Parameter(path: "net.conv.weight", shape: [channels, channels, 3, 3]),
      bias: Parameter(path: "net.conv.bias", shape: [channels]), Convolution(padding: .init(1)))
    graph = try builder.finish([
      image.asTokens().linear(
        Parameter(path: "net.linear.weight", shape: [24, channels]),
        bias: Parameter(path: "net.linear.bias", shape: [24]))
    ])
  }

  var weights: RandomWeights { RandomWeights(graph.parameters) }

  var inputs: [String: HostTensor] {
    Dictionary(
      uniqueKeysWithValues: graph.inputs.map { ($0.name, Distribution.normal().tensor($0.type, seed: $0.name)) })
  }
}
