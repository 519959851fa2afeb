import Foundation
import ImagineCheckpoint
import ImagineEngineTesting
import ImagineGraph
import Testing

@testable import ImagineEngine

/// Which openings of files are one model to an engine, and how long it has them.
@Suite struct SharedModelTests {
  private let card: FailingCard
  private var engine: ModelEngine { card.engine }

  init() throws { card = try FailingCard() }

  private func draw(_ model: OpenedModel) async throws -> [Float]? {
    try await engine.draw(TinyModel.request, model).pictures.first
  }

  @Test func openingsOfOneFileAreOneModel() async throws {
    let one = engine.shared(try TinyModel.opened()), other = engine.shared(try TinyModel.opened())
    #expect(one === other)
    #expect(try await draw(one) == draw(other))
    #expect(card.device.loadedNetworks == 3 && card.device.plans.count == 3)
  }

  @Test func differentFilesAreDifferentModels() async throws {
    try await withTemporaryFolder { folder in
      let models = try TinyModel.copies(2, in: folder).map(engine.shared)
      #expect(models[0] !== models[1])
      for model in models { _ = try await draw(model) }
      #expect(card.device.loadedNetworks == 6)
      for model in models { _ = try await draw(model) }
      #expect(card.device.plans.count == 6)
    }
  }

  @Test("However a file is called, it is one model")
  func names() async throws {
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "a.safetensors"), link = folder.appending(path: "b.safetensors")
      try FileManager.default.copyItem(at: TinyModel.file, to: url)
      try FileManager.default.createSymbolicLink(at: link, withDestinationURL: url)
      let model = engine.shared(try OpenedModel(url))
      #expect(engine.shared(try OpenedModel(link)) === model)
      let detour = folder.appending(path: "../\(folder.lastPathComponent)/a.safetensors")
      #expect(engine.shared(try OpenedModel(detour)) === model)
      var sources = ModelSources(url)
      sources.prediction = "v_prediction"
      #expect(engine.shared(try OpenedModel(sources)) !== model)
    }
  }

  @Test("A file that was replaced is another model, and the one before stays what it was")
  func replaced() async throws {
    try await withTemporaryFolder { folder in
      let url = folder.appending(path: "a.safetensors")
      // Even where the new file has the size and the date of the one before.
      func write(_ factor: Float) throws -> OpenedModel {
        try ModelCopy.write(of: TinyModel.file, multiplying: "unet.conv_out.weight", by: factor, to: url)
        let date = Date(timeIntervalSince1970: 1_700_000_000)
        try FileManager.default.setAttributes([.modificationDate: date], ofItemAtPath: url.path)
        return engine.shared(try OpenedModel(url))
      }
      let model = try write(1), next = try write(2)
      #expect(next !== model)
      let pictures = (try await draw(model), try await draw(next))
      #expect(pictures.0 != pictures.1)
      #expect(try await draw(TinyModel.opened()) == pictures.0)
    }
  }

  @Test("So is one that was written to, and a folder of which any file was")
  func changed() async throws {
    try await withTemporaryFolder { folder in
      let url = try #require(try TinyModel.copies(1, in: folder).first?.checkpoint?.url)
      let model = engine.shared(try OpenedModel(url))
      try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: 60)], ofItemAtPath: url.path)
      #expect(engine.shared(try OpenedModel(url)) !== model)

      let directory = folder.appending(path: "model")
      try ModelCopy.writeFolder(of: TinyModel.file, to: directory)
      let first = engine.shared(try OpenedModel(directory))
      #expect(engine.shared(try OpenedModel(directory)) === first)
      let unet = directory.appending(path: "unet/diffusion_pytorch_model.safetensors")
      try Data(contentsOf: unet).write(to: unet, options: .atomic)
      #expect(engine.shared(try OpenedModel(directory)) !== first)
    }
  }

  @Test func nobodysModelsAreNotKept() throws {
    weak var model: OpenedModel?
    try { model = engine.shared(try TinyModel.opened()) }()
    #expect(model == nil)
  }

  @Test("An engine that is not needed any more lets go of everything")
  func theEngineGoes() async throws {
    var card: FailingCard? = try FailingCard()
    let device = try #require(card).device
    _ = try await card?.engine.draw(TinyModel.request, TinyModel.opened())
    #expect(device.loadedNetworks == 3)
    card = nil
    // What the engine's thread was doing last may end a moment later.
    for _ in 0..<1000 where device.loadedNetworks > 0 { try await Task.sleep(for: .milliseconds(5)) }
    #expect(device.loadedNetworks == 0)
  }

  // MARK: Letting go

  @Test func unloading() async throws {
    let model = engine.shared(try TinyModel.opened())
    let picture = try await draw(model)
    #expect(card.device.loadedNetworks == 3)
    try await engine.unload(model)
    #expect(card.device.loadedNetworks == 0)
    try await engine.unload(model)
    // Opened again meanwhile, it is still one model.
    #expect(engine.shared(try TinyModel.opened()) === model)
    #expect(try await draw(model) == picture)
    #expect(card.device.loadedNetworks == 3 && card.device.plans.count == 6)
  }

  @Test func unloadingWaitsForItsTurn() async throws {
    let model = try TinyModel.opened(), gate = Gate(), begun = Gate(), engine = engine
    let drawing = Task {
      try await engine.draw(TinyModel.request(count: 2), model) {
        await begun.open()
        await gate.wait()
      }
    }
    await begun.wait()
    let unloading = Task { try await engine.unload(model) }
    while engine.turns.count < 2 { await Task.yield() }
    #expect(card.device.loadedNetworks == 3)
    await gate.open()
    #expect(try await drawing.value.pictures.count == 2)
    try await unloading.value
    #expect(card.device.plans.count == 3 && card.device.loadedNetworks == 0)
  }

  @Test("The ninth model takes the place of the one used least recently")
  func theNinth() async throws {
    try await withTemporaryFolder { folder in
      let models = try TinyModel.copies(ModelEngine.mostModels + 1, in: folder).map(engine.shared)
      let picture = try await draw(models[0])
      for model in models[1..<ModelEngine.mostModels] { _ = try await draw(model) }
      #expect(try await draw(models[0]) == picture)
      let before = card.device.plans.count
      #expect(before == 3 * ModelEngine.mostModels)
      _ = try await draw(models[ModelEngine.mostModels])
      #expect(card.device.loadedNetworks == 3 * ModelEngine.mostModels)
      // The first was used after the second.
      _ = try await draw(models[0])
      #expect(card.device.plans.count == before + 3)
      _ = try await draw(models[1])
      #expect(card.device.plans.count == before + 6)
      #expect(engine.shared(try OpenedModel(folder.appending(path: "1.safetensors"))) === models[1])
    }
  }

  @Test("Models that are opened meanwhile take nothing from the one that is drawn with")
  func openingOthersMeanwhile() async throws {
    try await withTemporaryFolder { folder in
      let others = try TinyModel.copies(2 * ModelEngine.mostModels, in: folder), engine = engine
      let model = engine.shared(try TinyModel.opened())
      let drawing = try await engine.draw(TinyModel.request(count: 3), model) {
        for other in others {
          _ = engine.shared(other)
          _ = try? await engine.estimate(TinyModel.request, with: other)
        }
      }
      #expect(drawing.pictures.count == 3)
      #expect(card.device.plans.count == 3)
    }
  }

  @Test("Plans of four shapes are kept, and the fifth takes the place of the one used least recently")
  func plans() async throws {
    let model = try TinyModel.opened()
    func denoisers(afterWidth width: Int) async throws -> Int {
      _ = try await engine.draw(TinyModel.request(width: width), model)
      return card.denoisers
    }
    for width in [8, 16, 24, 32] { _ = try await denoisers(afterWidth: width) }
    #expect(card.denoisers == 4)
    for width in [32, 16, 24, 8] { #expect(try await denoisers(afterWidth: width) == 4) }
    #expect(try await denoisers(afterWidth: 40) == 5)
    // That of 32 was used least recently.
    for width in [16, 24, 8, 40] { #expect(try await denoisers(afterWidth: width) == 5) }
    #expect(try await denoisers(afterWidth: 32) == 6)
    #expect(card.texts == 1)
  }
}
