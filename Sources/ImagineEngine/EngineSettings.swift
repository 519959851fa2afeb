package import ImagineGraph
package import ImagineVulkan
package import Logging

/// What an engine computes on.
package enum ComputeDevice: Sendable, Hashable {
  /// The best graphics card that can be used, else the processor.
  case automatic
  case processor
  /// A device with Vulkan: of this number or a part of this name; nil takes the first.
  case vulkan(String?)
}

/// How an engine is set up.
package struct EngineSettings: Sendable {
  package var device = ComputeDevice.automatic
  /// Nil takes what the device prefers.
  package var precision: Precision?
  /// Nil takes one for each processor core this process may use.
  package var threads: Int?
  /// How a device with Vulkan multiplies; nil takes the best it has.
  package var tier: VulkanTier?
  /// Whether the driver is asked what it made of kernels, for checks.
  package var inspectsKernels = false
  package var memory = MemorySettings()
  package var log = Logger(label: "imagine") { _ in SwiftLogNoOpLogHandler() }

  package init() {}
}

/// What is known of memory, and wished for.
package struct MemorySettings: Sendable {
  package enum Use: String, Sendable, Hashable {
    /// Little where the memory that is free asks for it.
    case automatic
    /// Always little.
    case little
    /// Never little.
    case usual
  }

  package enum Tiling: String, Sendable, Hashable {
    case automatic, always, never
  }

  package var use = Use.automatic
  package var tiling = Tiling.automatic
  /// Whether requests are drawn without looking at what is free.
  package var ignoresMemory = false
  /// Bytes that one network should not exceed with little memory, with its weights and its working memory. With what the
  /// program itself takes that is 0.7 GB; Stable Diffusion 1.5 draws 512 x 512 pixels in it.
  package var networkBytes = 590_000_000
  /// What makes room for other networks in any case.
  package var large = LargeNetworks()
  /// Bytes of the processor's memory that can be had; nil where that is not known.
  package var free: @Sendable () -> Int? = SystemMemory.free
  /// Bytes of it that the process has; nil where that is not known.
  package var resident: @Sendable () -> Int? = SystemMemory.resident

  package init() {}
}

/// What the engine finds wrong with a network's run itself.
struct StageFailure: BackendFailure, CustomStringConvertible {
  let failure: BackendFailureKind
  let description: String

  init(_ failure: BackendFailureKind, _ description: String) {
    self.failure = failure
    self.description = description
  }
}

extension Precision {
  /// As people write it: `f32`, `f16`, `bf16`.
  package var name: String {
    switch self {
    case .float16: "f16"
    case .bfloat16: "bf16"
    default: "f32"
    }
  }
}
