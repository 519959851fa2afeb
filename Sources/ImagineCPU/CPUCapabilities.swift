import CKernels
import Foundation

/// What the backend computes with.
package struct CPUCapabilities: Sendable, Hashable {
  /// The processor's name as the system gives it, such as `AMD EPYC 7763`.
  package let name: String
  package let features: CPUFeatures
  /// Whether the processor has more instruction sets than are used.
  package var isLimited: Bool { !features.isSuperset(of: .available) }
  /// Threads a run uses.
  package let threads: Int
  /// Whether products of bfloat16 run in hardware.
  ///
  /// Where they do not, bfloat16 is a format of memory only: values are widened on the way into 32-bit arithmetic.
  package let hasNativeBFloat16: Bool

  init(features: CPUFeatures, threads: Int) {
    name = Self.processorName
    self.features = features
    self.threads = threads
    hasNativeBFloat16 = !features.isDisjoint(with: [.avx512BFloat16, .armBFloat16])
  }

  /// Processors this process may use: those of its affinity mask, as many as its control group's quota amounts to.
  package static var availableThreads: Int { Int(ck_available_threads()) }

  /// Threads that a run with these features uses unless told otherwise: one for each processor this process may use. Where tile
  /// registers compute it is one for each core: one thread keeps a core's tile unit busy, and products of tiles take more than
  /// twice as long while the core's other thread computes, too.
  static func usualThreads(
    _ features: CPUFeatures, available: Int = availableThreads, cores: @autoclosure () -> Int? = ProcessorCores().count
  ) -> Int {
    features.contains(.amxBFloat16) ? min(available, cores() ?? available) : available
  }

  private static let processorName: String = {
    let information = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
    for line in information.split(separator: "\n") where line.hasPrefix("model name") {
      if let colon = line.firstIndex(of: ":") {
        return line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
      }
    }
    #if arch(x86_64)
      return "x86-64 processor"
    #elseif arch(arm64)
      return "64-bit Arm processor"
    #else
      return "processor"
    #endif
  }()
}
