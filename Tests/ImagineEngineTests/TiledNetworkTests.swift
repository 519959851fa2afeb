import ImagineCPU
import ImagineEngineTesting
import ImagineGraph
import ImagineModels
import ImagineTesting
import Testing

@testable import ImagineEngine

/// Encoding and decoding in tiles against doing the whole at once, in 32-bit floats.
@Suite struct TiledNetworkTests {
  private static let every: [SeamlessAxes] = [[], .x, .y, [.x, .y]]

  @Test(
    "Tiles give what the whole gives, at odd counts of tiles, edges or none",
    arguments: [Network.Role.decoder, .encoder], every)
  func tilesAreExact(_ role: Network.Role, _ seamless: SeamlessAxes) throws {
    let runner = NetworkRunner(try TinyModel.opened(), on: try CPUBackend(threads: 2))
    // Five by three tiles, three by one, one, and tiles of a single position.
    for (height, width, tile) in [(17, 9, 4), (9, 3, 3), (3, 5, 8), (6, 7, 1)] {
      let shape = NetworkShape(height: height, width: width, seamless: seamless)
      let whole = try runner.values(role, shape), tiled = try runner.values(role, shape, tile: tile)
      #expect(tiled.shape == whole.shape)
      let distance = Comparison(tiled.floats, whole.floats).relativeL2
      #expect(distance < 1e-4, "\(height)x\(width) in tiles of \(tile): \(distance)")
    }
  }

  /// Whether a picture goes on at its edges is nothing that tiles may forget.
  @Test(arguments: [Network.Role.decoder, .encoder]) func seamlessTilesAreOthers(_ role: Network.Role) throws {
    let runner = NetworkRunner(try TinyModel.opened(), on: try CPUBackend(threads: 2))
    func tiled(_ seamless: SeamlessAxes) throws -> [Float] {
      try runner.values(role, NetworkShape(height: 17, width: 9, seamless: seamless), tile: 4).floats
    }
    let results = try Self.every.map(tiled)
    for (index, one) in results.enumerated() {
      for other in results[..<index] { #expect(Comparison(one, other).relativeL2 > 1e-3) }
    }
  }

  @Test func picturesOfABatchAreTiledOneAfterAnother() throws {
    let runner = NetworkRunner(try TinyModel.opened(), on: try CPUBackend(threads: 2))
    for role in [Network.Role.decoder, .encoder] {
      let shape = NetworkShape(rows: 2, height: 5, width: 3)
      let whole = try runner.values(role, shape), tiled = try runner.values(role, shape, tile: 2)
      #expect(tiled.shape == whole.shape && Comparison(tiled.floats, whole.floats).relativeL2 < 1e-4)
    }
  }

  @Test(
    "An encoder that fails with the whole picture does it in tiles",
    arguments: [
      BackendFailureKind.outOfMemory, .unsupported,
    ])
  func picturesTooLargeToEncodeAreEncodedInTiles(_ failure: BackendFailureKind) throws {
    let device = FailingBackend(try CPUBackend(threads: 2), onPlan: { $0.isWholeEncoder ? failure : nil })
    let runner = NetworkRunner(try TinyModel.opened(), on: device)
    let usual = NetworkRunner(try TinyModel.opened(), on: try CPUBackend(threads: 2))
    let shape = NetworkShape(height: 12, width: 17)
    var notices: [String] = []
    let tiled = try runner.values(.encoder, shape) { notices.append($0) }
    #expect(Comparison(tiled.floats, try usual.values(.encoder, shape).floats).relativeL2 < 1e-4)
    #expect(notices.count == 1 && notices[0].contains("the encoder") && notices[0].contains("in tiles"), "\(notices)")
    #expect(device.plans.allSatisfy { $0.isEncoder })
    // Once known, it is not tried again.
    let before = device.plans.filter(\.isWholeEncoder).count
    _ = try runner.values(.encoder, shape) { notices.append($0) }
    #expect(notices.count == 1 && device.plans.filter(\.isWholeEncoder).count == before)
  }

  @Test func anEncoderThatNeedsMoreThanThereIsFreeEncodesInTiles() throws {
    let runner = NetworkRunner(try TinyModel.opened(), on: try CPUBackend(threads: 2), free: 100_000)
    var notices: [String] = []
    _ = try runner.values(.encoder, NetworkShape(height: 17, width: 17)) { notices.append($0) }
    #expect(notices.count == 1 && notices[0].contains("in tiles"), "\(notices)")
  }
}

/// What memory decides of tiles, for requests that read a picture, too.
@Suite struct TiledPolicyTests {
  private static let roles = [Network.Role.encoder, .decoder]

  private func choice(
    _ roles: [Network.Role], free: Int, networkBytes: Int? = nil, use: MemorySettings.Use = .usual
  ) throws -> MemoryChoice {
    let opened = try TinyModel.opened()
    var workload = Workload(), settings = MemorySettings()
    for role in roles { workload.add(role, of: opened, NetworkShape(height: 64, width: 64)) }
    settings.use = use
    settings.networkBytes = networkBytes ?? settings.networkBytes
    settings.free = { free }
    settings.resident = { ProcessMemory.usualBytes }
    return MemoryChoice(
      workload: workload, settings: settings, backend: try CPUBackend(threads: 1), precision: .float32, heldBytes: 0,
      ownBytes: 0)
  }

  @Test("What does not fit as a whole is done in tiles, and said", arguments: [[roles[0]], [roles[1]], roles])
  func whatDoesNotFitIsTiled(_ roles: [Network.Role]) throws {
    func peak(_ tiled: [Network.Role]) throws -> Int {
      var policy = MemoryPolicy()
      for role in tiled { policy.tiles[role] = 32 }
      return try MemoryForecast(
        choice(roles, free: 0).workload, policy, CPUBackend(threads: 1), .float32, program: ProcessMemory.usualBytes
      ).peakBytes
    }
    let whole = try peak([]), tiled = try peak(roles)
    #expect(tiled < whole)
    func estimate(_ peak: Int) throws -> MemoryForecast {
      try choice(roles, free: peak + 1000 - ProcessMemory.usualBytes).estimate().forecast
    }
    #expect(try estimate(whole).policy.tiles == [:])
    let forecast = try estimate(tiled)
    #expect(Set(forecast.policy.tiles.keys) == Set(roles) && forecast.peakBytes == tiled)
    var notices: [String] = []
    let settled = try choice(roles, free: tiled + 1000 - ProcessMemory.usualBytes).settled {
      notices.append($0.message)
    }
    #expect(settled.policy.tiles == forecast.policy.tiles)
    #expect(notices.filter { $0.contains("in tiles") }.count == roles.count, "\(notices)")
  }

  @Test("Weights that are in memory once are forecast once, however often their network is run at another size")
  func weightsOfTwoSizes() throws {
    let workload = try choice([.denoiser, .decoder, .denoiser], free: 0).workload
    let forecast = try MemoryForecast(workload, MemoryPolicy(), CPUBackend(threads: 1), .float32, program: 0)
    let operations = try workload.entries.reduce(0) { try $0 + $1.network.graph($1.shape, .float32).nodes.count }
    let program = ProcessMemory.bytesOfDrawing + operations * ProcessMemory.bytesPerOperation
    let (denoiser, decoder) = (forecast.stages[0], forecast.stages[1]), again = forecast.stages[2]
    // The decoder's weights, its own, and the largest working memory so far.
    let most = max(denoiser.workingBytes, decoder.workingBytes)
    #expect(again.weightBytes == denoiser.weightBytes && denoiser.weightBytes > 0)
    #expect(again.peakBytes <= program + decoder.weightBytes + denoiser.weightBytes + most)
    #expect(workload.networks.map(\.network.role) == [.denoiser, .decoder])
  }

  @Test func aBudgetTilesBoth() throws {
    let little = try choice(Self.roles, free: 1 << 40, networkBytes: 1_000_000, use: .little).estimate().forecast.policy
    #expect(little.tiles == [.decoder: FallbackOrder.modestTile, .encoder: FallbackOrder.modestTile])
    let plenty = try choice(Self.roles, free: 1 << 40, networkBytes: 1 << 40, use: .little).estimate().forecast.policy
    #expect(plenty.tiles == [:])
  }
}
