import Foundation
import Imagine
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineTesting
import Testing

/// Whole runs of every family against diffusers' own pipelines, from a single file and from a folder.
@Suite struct FamilyGoldenTests {
  enum Layout: String, CaseIterable {
    case file
    case folder

    /// Writes a model and gives its place.
    func write(_ model: FamilyModel, in folder: URL, name: String) throws -> URL {
      switch self {
      case .file:
        let url = folder.appending(path: "\(name).safetensors")
        try model.writeFile(to: url)
        return url
      case .folder:
        let url = folder.appending(path: name)
        try model.writeFolder(to: url)
        return url
      }
    }
  }

  /// The runs of one model: of each family, and of what a request can ask beside.
  static let drawn = [
    "sd1", "sd1_inpainting", "sd1_edit", "sd1_lcm", "sd2", "sd2_v", "sd2_v_zero_snr", "sdxl", "sdxl_no_negative",
    "sdxl_turbo", "sdxl_edm", "sdxl_v", "sdxl_refiner", "ssd_1b", "sd1_clip_skip", "sd1_long", "sdxl_long",
    "sdxl_sizes", "sd1_cache", "sdxl_cache",
  ]
  /// Every model in both layouts, without the single files of which this version does not know every name.
  static let written = FamilyModel.names.flatMap { name in Layout.allCases.map { (name, $0) } }

  /// Every tensor of a run, from the prompt to the picture, within 1e-3 relative.
  @Test(arguments: drawn, Layout.allCases) func agreesWithDiffusers(_ run: String, _ layout: Layout) async throws {
    let golden = try FamilyGolden(run)
    try await withTemporaryFolder { folder in
      let url = try layout.write(FamilyModel(golden.family), in: folder, name: golden.family)
      let pipeline = try await Pipeline(model: url, options: .init(device: .cpu, precision: Imagine.Precision.float32))
      try await golden.expect(from: pipeline, within: 1e-3)
    }
  }

  /// The base model down to a share of the noise, and the refiner from there.
  @Test(arguments: Layout.allCases) func refinersGoOnAsInDiffusers(_ layout: Layout) async throws {
    let run = try FamilyGolden("sdxl_handover"), golden = run.golden
    let settings = try JSONValue(parsing: golden.metadata["settings"] ?? "{}")
    let names = [run.family, try #require(golden.metadata["refiner"])]
    try await withTemporaryFolder { folder in
      let urls = try names.map { try layout.write(FamilyModel($0), in: folder, name: $0) }
      let engine = try Engine(Engine.Options(device: .cpu, precision: Imagine.Precision.float32))
      let base = try await Pipeline(model: urls[0], on: engine), second = try await Pipeline(model: urls[1], on: engine)
      var request = try run.request()
      request.refiner = Refiner(second, start: try #require(settings["handover"]?.double))
      let image = try await base.image(request)
      try run.expect(image)
      #expect(image.parameters.contains("Refiner: sdxl_refiner"))
    }
  }

  @Test("A model has the same weights as a single file and as a folder", arguments: written)
  func weightsOfBothLayouts(_ name: String, _ layout: Layout) async throws {
    let model = try FamilyModel(name)
    try await withTemporaryFolder { folder in
      let checkpoint = try Checkpoint.open(layout.write(model, in: folder, name: name))
      #expect(checkpoint.layout == (layout == .file ? .originalSingleFile : .diffusersFolder))
      #expect(checkpoint.unrecognised == [])
      for row in model.rows where layout == .file || !row.forms.contains("single") {
        let expected = try FamilyModel.values(row)
        guard checkpoint.tensors[row.path]?.elementCount == expected.count else {
          Issue.record("\(row.path) is not there, or has another shape")
          continue
        }
        var values = [Float](repeating: 0, count: expected.count)
        try values.withUnsafeMutableBytes { try checkpoint.read(row.path, as: .float32, into: $0) }
        #expect(values == expected, "\(row.path)")
      }
    }
  }

  /// `families_weights.py` asserts the same numbers.
  @Test func weightsAreThoseOfTheScript() throws {
    for (path, shape, expected) in [
      ("unet.conv_in.bias", "[4]", [-0.01015472412109375, -0.040435791015625, -0.047882080078125, 0.07830810546875]),
      (
        "unet.conv_in.weight", "[2,3]",
        [0.76123046875, 0.3271484375, -0.68408203125, 0.498046875, 0.5859375, 0.5888671875]
      ),
      ("unet.conv_norm_out.weight", "[3]", [1.01953125, 0.96044921875, 1.041015625]),
    ] as [(String, String, [Float])] {
      let extents = try JSONValue(parsing: shape).array?.compactMap(\.int) ?? []
      #expect(try FamilyModel.values(FamilyModel.Row(path: path, shape: extents)) == expected)
    }
    let table = try FamilyModel.values(FamilyModel.Row(path: "unet.table", shape: [65523, 1]))
    #expect(table[65521] == table[0] && table[65522] == table[1] && table[1] != table[0])
  }
}
