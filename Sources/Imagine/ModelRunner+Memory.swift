internal import ImagineGraph
internal import ImagineModels

/// Knowing beforehand what a request takes.
extension ModelRunner {
  /// Decides how much memory a request is drawn with.
  ///
  /// Counting takes as long as planning, so that it is left out where there is far more than can be needed.
  /// - Parameters:
  ///   - latents: of one image: [1, h, w, 4].
  ///   - prompts: how many the UNet runs for at once.
  /// - Throws: `ImagineError` with code `outOfMemory` if it would certainly not fit.
  mutating func settleMemory(latents: Shape, prompts: Int, notify: (String) -> Void) throws {
    setFrugal(settings.lowMemory == .always)
    guard !settings.ignoresMemory, let now = settings.freeMemory() else { return }
    let free = now + weightBytes
    guard free < plenty(latents) else { return }
    // Of what the process takes in all, it has a part already.
    let resident = settings.residentMemory() ?? 0
    let full =
      try settings.lowMemory == .always ? nil : forecast(latents, prompts: prompts, isFrugal: false, free: free)
    let frugal =
      try settings.lowMemory == .never ? nil : forecast(latents, prompts: prompts, isFrugal: true, free: free)
    guard full != nil || frugal != nil else { return }
    let decision = MemoryDecision(
      full: full.map { $0.peakBytes - resident }, frugal: frugal.map { $0.peakBytes - resident }, free: now,
      advice: ["a smaller size"] + (try precision() == .float32 ? ["--precision bf16"] : []))
    if let refusal = decision.refusal { throw ImagineError(.outOfMemory, refusal) }
    if let notice = decision.notice { notify(notice) }
    setFrugal(decision.isFrugal)
  }

  /// Bytes that are enough for any request of a size, by a wide margin: weights as 32-bit floats, and more for each pixel
  /// than any network needs.
  private func plenty(_ latents: Shape) -> Int {
    let weights = model.parameters.values.reduce(0) { $0 + $1.count } * 4
    let pixels = latents.count / latents.last * model.configuration.vae.reduction * model.configuration.vae.reduction
    return weights * 5 / 4 + pixels * 6000 + 500_000_000
  }

  /// What a request takes; nil if the device has memory of its own.
  ///
  /// - Parameter free: bytes that this process could get before it began.
  mutating func forecast(_ latents: Shape, prompts: Int, isFrugal: Bool, free: Int?) throws -> MemoryForecast? {
    let (backend, precision) = try places.opened(for: Footing())
    guard let backend = backend as? any MemoryAwareBackend else { return nil }
    return try MemoryForecast(
      model, settings.weights, backend, precision.graph, tiling: settings.tiling, isFrugal: isFrugal,
      budget: settings.networkBytes, free: free,
      program: settings.residentMemory().map { max($0 - weightBytes, 0) } ?? ProcessMemory.usualBytes, latents: latents,
      prompts: prompts)
  }

  /// What decoding with little memory begins with: latent positions along a side of a tile, nil for the whole picture.
  mutating func frugalTile(_ latents: Shape) throws -> Int? {
    let (backend, precision) = try places.opened(for: Footing())
    guard let backend = backend as? any MemoryAwareBackend else { return Ladder.modestTile }
    return try model.frugalTile(
      latents, settings.weights, backend.limited(to: settings.networkBytes), precision.graph,
      budget: settings.networkBytes)
  }

  private mutating func precision() throws -> Precision { try places.opened(for: Footing()).precision }

  /// What drawing a request would take, as it would be drawn now.
  ///
  /// - Throws: `ImagineError` if the device has memory of its own.
  mutating func estimate(
    latents: Shape, prompts: Int
  ) throws -> (forecast: MemoryForecast, freeBytes: Int?) {
    let free = settings.freeMemory().map { $0 + weightBytes }
    func known(_ forecast: MemoryForecast?) throws -> MemoryForecast {
      guard let forecast else {
        throw ImagineError(
          .invalidRequest,
          "Estimates are for the processor, and this would be drawn on a device with memory of its own: choose the "
            + "processor (--device cpu).")
      }
      return forecast
    }
    if settings.lowMemory != .always {
      let full = try known(forecast(latents, prompts: prompts, isFrugal: false, free: free))
      let resident = settings.residentMemory() ?? 0
      guard settings.lowMemory == .automatic, !settings.ignoresMemory, let now = settings.freeMemory(),
        full.peakBytes - resident > now
      else {
        return (full, free)
      }
      let frugal = try known(forecast(latents, prompts: prompts, isFrugal: true, free: free))
      return (frugal.peakBytes < full.peakBytes ? frugal : full, free)
    }
    return (try known(forecast(latents, prompts: prompts, isFrugal: true, free: free)), free)
  }
}
