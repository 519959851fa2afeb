import ImagineCPU
import ImagineGoldens
import ImagineGraph
import ImagineModels
import ImagineTesting
import Testing

@testable import ImagineEngine

/// Networks whose convolutions go on at the opposite edge, against diffusers with its convolutions patched that way;
/// `Tests/References/seamless_goldens.py` makes the goldens.
@Suite struct SeamlessTests {
  static let axes: [String: SeamlessAxes] = ["x": .x, "y": .y, "xy": [.x, .y]]

  private let opened: OpenedModel
  private let golden: Golden

  init() throws {
    opened = try TinyModel.opened()
    golden = try Golden("pipeline/seamless_networks")
  }

  private func run(
    _ role: Network.Role, _ inputs: [String: HostTensor], _ seamless: SeamlessAxes
  ) throws -> HostTensor {
    let runner = NetworkRunner(opened, on: try CPUBackend(threads: 2))
    let image = try #require(inputs["latents"] ?? inputs["pixels"]).shape
    let reduction = role == .encoder ? opened.model.latent.reduction : 1
    let shape = NetworkShape(
      height: image[1] / reduction, width: image[2] / reduction, seamless: seamless)
    return try runner.run(role, shape, inputs, MemoryPolicy()) { _ in }[0]
  }

  private func denoised(_ latents: HostTensor, _ seamless: SeamlessAxes) throws -> HostTensor {
    let inputs = [
      "latents": latents, "timestep": try golden.tensor("timestep"), "context": try golden.tensor("context"),
    ]
    return try run(.denoiser, inputs, seamless)
  }

  @Test(arguments: axes.keys.sorted()) func agreesWithDiffusers(_ name: String) throws {
    let seamless = try #require(Self.axes[name])
    let results = [
      ("noise_pred", try denoised(golden.tensor("latents"), seamless)),
      ("decoded", try run(.decoder, ["latents": golden.tensor("final")], seamless)),
      ("moments", try run(.encoder, ["pixels": golden.tensor("picture")], seamless)),
    ]
    for (tensor, ours) in results {
      let theirs = try golden.tensor("\(tensor).\(name)")
      #expect(ours.shape == theirs.shape)
      #expect(Comparison(ours.floats, theirs.floats).relativeL2 < 1e-4, "\(tensor)")
      for (other, _) in Self.axes where other != name {
        let others = try golden.floats("\(tensor).\(other)")
        #expect(Comparison(try golden.floats("\(tensor).\(name)"), others).relativeL2 > 1e-2, "the golden is none")
      }
    }
  }

  /// A whole run: at each of its latents the denoiser predicts what it did there, and the last ones become its picture.
  @Test(arguments: axes.keys.sorted()) func agreesWithWholeRuns(_ name: String) throws {
    let seamless = try #require(Self.axes[name]), run = try Golden("pipeline/seamless_\(name)_64x64_seed42")
    let times = try run.floats("timesteps"), guidance: Float = 7.5
    #expect(times.count == 3)
    for (step, time) in times.enumerated() {
      let latents = try run.tensor("latents.\(step)")
      let sides = try ["negative", "positive"].map { side in
        let inputs = [
          "latents": latents, "timestep": HostTensor([1], [time]), "context": try run.tensor("context.\(side)"),
        ]
        return try self.run(.denoiser, inputs, seamless).floats
      }
      let guided = zip(sides[0], sides[1]).map { $0 + guidance * ($1 - $0) }
      let theirs = try run.tensor("noise_pred.\(step)").floats
      #expect(Comparison(guided, theirs).relativeL2 < 1e-4, "step \(step)")
    }
    let picture = try self.run(.decoder, ["latents": run.tensor("latents.final")], seamless).floats
    let visible = picture.map { min(max($0, -1), 1) }
    #expect(Comparison(visible, try run.tensor("image").floats).relativeL2 < 1e-4)
  }

  /// A small autoencoder in place of the model's own, both ways.
  @Test func smallAutoencodersAreSeamlessToo() throws {
    let inventory = WeightInventory([:])
    let small = AutoencoderTiny(Weights(inventory, path: "vae"), Self.configuration)
    let weights = SyntheticWeights(inventory.requested)
    for seamless in [SeamlessAxes.x, [.x, .y]] {
      let backend = try CPUBackend(threads: 2)
      func run(_ x: HostTensor, _ network: (Tensor) -> Tensor) throws -> HostTensor {
        let builder = GraphBuilder()
        builder.wrappedAxes = seamless.imageAxes
        let graph = try builder.finish([network(builder.input("x", x.shape))])
        return try backend.plan(graph, weights: backend.upload(weights, for: graph)).run(["x": x])[0]
      }
      let latents = Distribution.normal().tensor(TensorType([1, 4, 6, 4], .float32), seed: "small latents")
      let pixels = Distribution.normal().tensor(TensorType([1, 16, 16, 3], .float32), seed: "small pixels")
      for axis in [1, 2] {
        let decoded = Comparison(
          try run(latents.rolled(axis: axis, by: 1), small.decode).floats,
          try run(latents, small.decode).rolled(axis: axis, by: 4).floats)
        // Its steps down see as much before as behind them, so that they wrap as well.
        let encoded = Comparison(
          try run(pixels.rolled(axis: axis, by: 4), small.encode).floats,
          try run(pixels, small.encode).rolled(axis: axis, by: 1).floats)
        for distance in [decoded.relativeL2, encoded.relativeL2] {
          #expect(seamless.imageAxes.contains(axis) ? distance < 1e-4 : distance > 1e-3)
        }
      }
    }
  }

  private static let configuration: AutoencoderTiny.Configuration = {
    var configuration = AutoencoderTiny.Configuration()
    configuration.width = 8
    configuration.encoderBlocks = [1, 1, 1]
    configuration.decoderBlocks = [1, 1, 1]
    return configuration
  }()

  /// What is rolled around the picture before is rolled around it after; along an axis with edges it is not.
  @Test(arguments: axes.keys.sorted()) func rollsGoThrough(_ name: String) throws {
    let seamless = try #require(Self.axes[name])
    let latents = Distribution.normal().tensor(TensorType([1, 16, 16, 4], .float32), seed: "rolled")
    for axis in [1, 2] {
      let isWrapped = seamless.imageAxes.contains(axis)
      // The UNet halves three times.
      let noise = Comparison(
        try denoised(latents.rolled(axis: axis, by: 8), seamless).floats,
        try denoised(latents, seamless).rolled(axis: axis, by: 8).floats)
      #expect(isWrapped ? noise.relativeL2 < 1e-4 : noise.relativeL2 > 1e-2, "denoiser, axis \(axis)")
      let picture = Comparison(
        try run(.decoder, ["latents": latents.rolled(axis: axis, by: 3)], seamless).floats,
        try run(.decoder, ["latents": latents], seamless).rolled(axis: axis, by: 24).floats)
      #expect(isWrapped ? picture.relativeL2 < 1e-4 : picture.relativeL2 > 1e-2, "decoder, axis \(axis)")
    }
  }
}

extension HostTensor {
  /// The image with positions moved along an axis, and those that leave it at the other end.
  fileprivate func rolled(axis: Int, by distance: Int) -> HostTensor {
    let inner = shape.dimensions[(axis + 1)...].reduce(1, *), extent = shape[axis], floats = floats
    return HostTensor(
      shape,
      floats.indices.map { index in
        let position = index / inner % extent
        let source = (position - distance % extent + extent) % extent
        return floats[index + (source - position) * inner]
      })
  }
}
