internal import Foundation
internal import ImagineCheckpoint
package import ImagineGraph
internal import ImagineModels
internal import ImagineSampling
internal import ImagineText

/// A device with the models that are drawn with on it.
///
/// An engine computes on a thread of its own and does one request after another, in the order they come; all that a
/// request changes is its own. Between two steps of one, others may ask for an estimate, which changes nothing. Models are
/// shared between those who ask for the same one, and their networks stay in memory until something else needs the room:
/// the least recently used go first.
package actor ModelEngine {
  /// What computes, for people.
  package nonisolated let deviceName: String
  /// What the models compute in.
  package nonisolated let precision: Precision

  private nonisolated let thread: ComputeThread
  nonisolated let turns = Turns()
  private nonisolated let sharedModels = Shared<OpenedModel.Identity, OpenedModel>()
  private nonisolated let sharedParts = Shared<OpenedPart.Identity, OpenedPart>()
  let settings: EngineSettings
  let places: ComputePlaces
  let residents = ResidentNetworks()
  /// The models at hand, and what goes beside them, with what runs them: the one used last at the end.
  private var models: [(model: any OpenedNetworks, runner: NetworkRunner)] = []
  /// What to say of the device, until it has been said.
  private var deviceNotice: String?
  let tokenizer = CLIPTokenizer()

  /// The most kept at hand. Their networks leave earlier, where memory is needed.
  package static let mostModels = 16

  package nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  /// - Throws: `EngineError` if there is no such device, or it cannot be used as the settings say.
  package init(_ settings: EngineSettings) throws {
    if let threads = settings.threads, !(1...1024).contains(threads) {
      throw EngineError(.invalidRequest, "\(threads) threads are not possible: choose 1 to 1024.")
    }
    try self.init(settings, on: OpenedDevice(settings))
  }

  /// - Parameter device: in place of the one that the settings name.
  package init(_ settings: EngineSettings, on device: OpenedDevice) throws {
    // A thread that cannot be started would be waited for, for ever.
    guard HostMemory.has(ComputeThread.stackBytes) else {
      throw EngineError(.outOfMemory, "There is no memory for a thread: close other programs, or raise the limit.")
    }
    self.settings = settings
    deviceName = device.name
    deviceNotice = device.notice
    precision = settings.precision ?? device.preferredPrecision
    places = ComputePlaces(device, precision: precision)
    thread = ComputeThread(name: "imagine")
  }

  deinit { thread.finish() }

  // MARK: Models

  /// The model in use that was opened from the same files; the given one if there is none.
  package nonisolated func shared(_ opened: OpenedModel) -> OpenedModel {
    sharedModels.one(for: opened.identity, opened)
  }

  /// The same of what goes beside models.
  package nonisolated func shared(_ opened: OpenedPart) -> OpenedPart {
    sharedParts.one(for: opened.identity, opened)
  }

  /// Lets go of all memory that a model holds. It is loaded again when it is next drawn with.
  package func unload(_ model: OpenedModel) async throws {
    try await turns.inTurn(ticket()) { await self.forget(model) }
  }

  private func forget(_ model: any OpenedNetworks) {
    guard let index = models.firstIndex(where: { $0.model === model }) else { return }
    for network in models.remove(at: index).runner.networks { network.drop() }
  }

  /// What runs a model, which may take the place of the model used least recently: only for the request whose turn it is.
  func runner(of model: any OpenedNetworks) -> NetworkRunner {
    if let index = models.firstIndex(where: { $0.model === model }) {
      let found = models.remove(at: index)
      models.append(found)
      return found.runner
    }
    if models.count == Self.mostModels { forget(models[0].model) }
    let runner = NetworkRunner(model, settings, on: places, among: residents)
    models.append((model, runner))
    return runner
  }

  /// What to say of the device, once.
  func takeDeviceNotice() -> String? {
    defer { deviceNotice = nil }
    return deviceNotice
  }

  // MARK: Memory

  /// What a request will take of the processor's memory, network by network, and how much there is.
  ///
  /// It comes from the same plans that would draw it, and takes as long as planning. No weight is read.
  /// - Throws: `EngineError` with code `invalidRequest` if the device has memory of its own; see `cardEstimate`.
  package func estimate(
    _ request: PictureRequest, with model: OpenedModel
  ) throws -> (forecast: MemoryForecast, freeBytes: Int?) {
    let plans = try RequestPrompts(request).plans(for: request, request.models(first: model), tokenizer)
    return try memoryChoice(request, model, plans).estimate()
  }

  /// What a request will take of a graphics card's memory, network by network; nil where the processor would draw it.
  ///
  /// - Throws: `EngineError` if the request makes no sense.
  package func cardEstimate(_ request: PictureRequest, with model: OpenedModel) throws -> CardForecast? {
    let (backend, precision) = try places.opened(for: RunMode())
    guard let backend = backend as? any DeviceMemoryBackend else { return nil }
    let plans = try RequestPrompts(request).plans(for: request, request.models(first: model), tokenizer)
    return try CardForecast(Workload(request, model, plans), backend, precision)
  }

  private func memoryChoice(
    _ request: PictureRequest, _ model: OpenedModel, _ plans: [PromptPlan]
  ) throws -> MemoryChoice {
    let (backend, precision) = try places.opened(for: RunMode())
    let inMemory = backend as? any MemoryAwareBackend, working = inMemory?.heldWorkingBytes ?? 0
    let drawing = request.opened(first: model)
    let own = models.filter { known in drawing.contains { $0 === known.model } }.flatMap(\.runner.networks)
    return MemoryChoice(
      workload: try Workload(request, model, plans), settings: settings.memory, backend: inMemory,
      precision: precision, heldBytes: residents.heldBytes + working,
      ownBytes: own.reduce(working) { $0 + $1.heldBytes })
  }

  /// How a request uses memory. What it does not need, or not yet, makes room where it has to.
  func policy(
    _ request: PictureRequest, _ model: OpenedModel, _ plans: [PromptPlan], report: (EngineEvent) -> Void
  ) throws -> MemoryPolicy {
    let (policy, room) = try memoryChoice(request, model, plans).settled { report(.notice($0)) }
    guard let room else { return policy }
    let working = (try places.opened(for: RunMode()).backend as? any MemoryAwareBackend)?.heldWorkingBytes ?? 0
    let runners = request.opened(first: model).map(runner)
    makeRoom(room.forecast.peakBytes, of: room, keeping: runners.flatMap(\.networks))
    // The first time a model's prompts are read before the rest of it is there; later the rest may have to go for them.
    if policy.releasesTexts {
      makeRoom(room.forecast.textPeakBytes + working, of: room, keeping: runners.flatMap(\.textEncoders))
    }
    return policy
  }

  /// Lets go of networks until those kept can have what they take.
  private func makeRoom(_ peakBytes: Int, of room: MemoryRoom, keeping kept: [PlannedNetwork]) {
    residents.makeRoom(peakBytes + residents.heldBytes(otherThan: kept) - room.availableBytes, keeping: kept)
  }

  // MARK: Drawing

  /// A place in the line, for a request that is made now and drawn by a task that begins later.
  package nonisolated func ticket() -> Turns.Ticket { turns.ticket() }

  /// Draws, when all requests that came before are done.
  ///
  /// - Parameters:
  ///   - ticket: the request's place among the others; nil takes the last one now.
  ///   - report: hears of everything on the way.
  ///   - deliver: takes each picture; the next one begins when it returns.
  /// - Throws: `EngineError`, or `CancellationError` once the task is cancelled: while it waits, or within one operation;
  ///   and what `deliver` throws.
  package nonisolated func draw(
    _ request: PictureRequest, with model: OpenedModel, ticket: Turns.Ticket? = nil,
    report: @escaping @Sendable (EngineEvent) -> Void,
    deliver: @escaping @Sendable (DrawnPicture) async throws -> Void
  ) async throws {
    do {
      try await turns.inTurn(ticket ?? self.ticket()) { try await self.drawNow(request, model, report, deliver) }
    } catch let failure as any BackendFailure {
      throw EngineError.translated(failure, device: deviceName)
    }
  }
}
