/// A seeded source of normal numbers whose state is a value: a copy continues on its own.
package protocol RandomGenerator: Sendable {
  /// Starts the stream of a seed.
  init(seed: UInt64)

  /// The next draw of `count` numbers with mean 0 and variance 1. As in torch, two draws are not one draw of the sum.
  mutating func randn(_ count: Int) -> [Float]
}

/// Whose random numbers a seed stands for.
package enum RandomStream: String, NamedChoice {
  /// torch on the CPU: diffusers with a CPU generator, ComfyUI, A1111 with "CPU" noise.
  case cpu
  /// torch on CUDA: A1111 as most people run it, and its "NV" noise.
  case cuda

  package static let kind = "random stream"

  /// The value of A1111's "RNG" field.
  package var label: String {
    switch self {
    case .cpu: "CPU"
    case .cuda: "NV"
    }
  }

  package var aliases: [String] {
    switch self {
    case .cpu: ["comfy", "torch"]
    case .cuda: ["a1111", "gpu", "philox"]
    }
  }

  /// A fresh generator of this stream.
  package func generator(seed: UInt64) -> any RandomGenerator {
    switch self {
    case .cpu: TorchCPURandom(seed: seed)
    case .cuda: PhiloxRandom(seed: seed)
    }
  }
}
