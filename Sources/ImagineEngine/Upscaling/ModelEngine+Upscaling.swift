internal import ImagineGraph
package import ImagineImage
internal import ImagineModels

/// Pictures that people have, made larger.
extension ModelEngine {
  /// Makes a picture larger, when all requests that came before are done.
  ///
  /// - Parameters:
  ///   - ticket: the request's place among the others; nil takes the last one now.
  ///   - report: hears of everything on the way.
  /// - Throws: `EngineError`, or `CancellationError` once the task is cancelled: while it waits, or within one operation.
  package nonisolated func enlarge(
    _ image: RGBImage, toWidth width: Int, height: Int, with upscaler: OpenedUpscaler, ticket: Turns.Ticket? = nil,
    report: @escaping @Sendable (EngineEvent) -> Void
  ) async throws -> RGBImage {
    do {
      return try await turns.inTurn(ticket ?? self.ticket()) {
        try await self.enlargeInTurn(image, toWidth: width, height: height, with: upscaler, report: report)
      }
    } catch let failure as any BackendFailure {
      throw EngineError.translated(failure, device: deviceName)
    }
  }

  /// The same for who has the turn already: what a request's `deliver` does.
  package func enlargeInTurn(
    _ image: RGBImage, toWidth width: Int, height: Int, with upscaler: OpenedUpscaler,
    report: @escaping @Sendable (EngineEvent) -> Void
  ) throws -> RGBImage {
    try Task.checkCancellation()
    if let notice = takeDeviceNotice() { report(.notice(EngineNotice(.device, notice))) }
    var policy = MemoryPolicy()
    if settings.memory.use == .little {
      (policy.networkBytes, policy.takesTurns) = (settings.memory.networkBytes, true)
    }
    return try upscaling(upscaler, of: (image.width, image.height), policy, report)
      .enlarged(image, toWidth: width, height: height)
  }

  /// What makes pictures of a size larger within a policy.
  func upscaling(
    _ upscaler: OpenedUpscaler, of size: (width: Int, height: Int), _ policy: MemoryPolicy,
    _ report: @escaping @Sendable (EngineEvent) -> Void
  ) throws -> Upscaling {
    let runner = runner(of: upscaler.part)
    let longest = try window(of: upscaler, size, policy, runner)
    return Upscaling(upscaler: upscaler, runner: runner, policy: policy, longest: longest, report: report)
  }

  /// Pixels along the longer side of a window: the largest for which there is memory.
  ///
  /// Larger than the first is no faster: values between operations leave the caches, and nothing is said for long.
  private func window(
    of upscaler: OpenedUpscaler, _ size: (width: Int, height: Int), _ policy: MemoryPolicy, _ runner: NetworkRunner
  ) throws -> Int {
    let (device, precision) = try places.opened(for: RunMode())
    guard let processor = device as? any MemoryAwareBackend else { return Self.windows[0] }
    let backend = policy.networkBytes.map { processor.limited(to: $0) } ?? processor
    // What is held is as good as free: it goes if it has to.
    let free = settings.memory.free().map { $0 + residents.heldBytes + processor.heldWorkingBytes }
    guard let room = [policy.networkBytes, free.map { $0 * 3 / 4 }].compactMap({ $0 }).min() else {
      return Self.windows[0]
    }
    for window in Self.windows {
      let tiles = UpscalingTiles(
        height: size.height, width: size.width, longest: window, overlap: upscaler.model.overlap,
        multiple: upscaler.model.multiple)
      let shape = NetworkShape(
        height: filled(tiles.rows.window, upscaler), width: filled(tiles.columns.window, upscaler))
      let graph = try upscaler.model.network.graph(shape, precision)
      let needs = try backend.memoryNeeds(of: graph, weights: upscaler.part.weights)
      guard needs.peakBytes <= room || window == Self.windows.last else { continue }
      if let free = settings.memory.free(), needs.peakBytes > free {
        residents.makeRoom(needs.peakBytes - free, keeping: runner.networks)
      }
      return window
    }
    return Self.windows[0]
  }

  private func filled(_ extent: Int, _ upscaler: OpenedUpscaler) -> Int {
    (extent + upscaler.model.multiple - 1) / upscaler.model.multiple * upscaler.model.multiple
  }

  /// From the fastest to the smallest.
  private static let windows = [288, 192, 128, 96, 64, 48, 32]
}
