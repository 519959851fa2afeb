internal import Foundation
package import ImagineEngine
public import Logging

/// A device with the models that are drawn with on it, for programs that use several models or pipelines.
///
/// ```swift
/// let engine = try Engine()
/// let base = try await Pipeline(model: checkpointURL, on: engine)
/// let other = try await Pipeline(model: otherURL, on: engine)
/// ```
///
/// Requests to one engine take turns, in the order they come. Pipelines of the same files share one model, and the least
/// recently used models let go of memory where another needs it. An engine computes on a thread of its own, so waiting
/// for it blocks nobody.
public final class Engine: Sendable {
  /// How models are to be run.
  public struct Options: Sendable {
    public var device: Device
    /// Nil takes 16-bit floats on graphics cards, and on the processor 16-bit brain floats where it has them in hardware;
    /// else 32-bit floats.
    public var precision: Precision?
    /// Nil takes one thread for each processor core this process may use.
    public var threads: Int?
    /// Whether pictures are decoded in tiles.
    public var vaeTiling: VAETiling
    /// Whether pictures are drawn with much less memory, which takes longer.
    public var lowMemory: LowMemory
    /// Whether pictures are drawn whatever memory is free. Otherwise those that would certainly not fit are refused.
    public var ignoresMemory: Bool
    /// How a device with Vulkan multiplies; nil takes the best it has.
    public var vulkanTier: VulkanTier?
    /// Whether the driver is asked what it made of kernels, for checks.
    package var inspectsKernels = false
    /// Where the engine tells what it does, at level `debug`; nowhere unless given.
    public var logger: Logger

    public init(
      device: Device = .automatic, precision: Precision? = nil, threads: Int? = nil, vulkanTier: VulkanTier? = nil,
      vaeTiling: VAETiling = .automatic, lowMemory: LowMemory = .automatic, ignoresMemory: Bool = false,
      logger: Logger = Logger(label: "imagine") { _ in SwiftLogNoOpLogHandler() }
    ) {
      self.device = device
      self.precision = precision
      self.threads = threads
      self.vaeTiling = vaeTiling
      self.lowMemory = lowMemory
      self.ignoresMemory = ignoresMemory
      self.vulkanTier = vulkanTier
      self.logger = logger
    }
  }

  package let inner: ModelEngine

  /// Opens the device.
  ///
  /// - Throws: `ImagineError` if there is no such device, or it cannot be used as the options say.
  public init(_ options: Options = Options()) throws {
    inner = try ImagineError.translating { try ModelEngine(options.settings) }
  }

  package init(_ inner: ModelEngine) { self.inner = inner }

  /// What computes, such as `AMD EPYC 7763, 8 threads`.
  public var deviceName: String { inner.deviceName }
  /// The number format models compute in.
  public var precision: Precision { Precision(inner.precision) }

  /// Lets go of the memory that a pipeline's model holds; other pipelines of the same model lose it, too. It is loaded
  /// again by the next request.
  ///
  /// - Throws: `CancellationError` if the task is cancelled while requests before it are drawn.
  public func unload(_ pipeline: Pipeline) async throws { try await inner.unload(pipeline.opened) }
}

extension Engine.Options {
  /// The same in the engine's own words.
  package var settings: EngineSettings {
    var settings = EngineSettings()
    settings.device = device.choice
    settings.precision = precision?.graph
    settings.threads = threads
    settings.tier = vulkanTier?.tier
    settings.inspectsKernels = inspectsKernels
    settings.memory.tiling = vaeTiling.settings
    settings.memory.use = lowMemory.settings
    settings.memory.ignoresMemory = ignoresMemory
    settings.log = logger
    return settings
  }
}
