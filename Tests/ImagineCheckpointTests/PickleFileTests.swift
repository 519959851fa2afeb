import Foundation
import ImagineCheckpoint
import ImagineGraph
import Testing

@Suite("Files of torch.save hold what torch finds in them")
struct PickleFileTests {
  private static let folder = goldens.appending(path: "pickles", directoryHint: .isDirectory)

  /// File names with the notes that they have.
  private static let index: [String: [String: String]] = {
    let data = try? Data(contentsOf: folder.appending(path: "index.json"))
    return data.flatMap { try? JSONDecoder().decode([String: [String: String]].self, from: $0) } ?? [:]
  }()

  static let names = index.keys.sorted()

  @Test("Every tensor, bit for bit, whole and in pieces", arguments: names)
  func goldenFiles(name: String) throws {
    let expected = try SafetensorsFile(Self.folder.appending(path: "expected.safetensors"))
    let wanted = expected.tensors.filter { $0.name.text.hasPrefix("\(name)/") }
    #expect(wanted.count >= 2)
    let tensors = try CheckpointTensors(Self.folder.appending(path: name))
    #expect(tensors.elements.count == wanted.count)
    for info in wanted {
      let element = try #require(tensors[String(info.name.text.dropFirst(name.count + 1))], "\(info.name)")
      #expect(element.info.shape == info.shape && element.info.dataType == info.dataType, "\(info.name)")
      let bytes = try expected.withBytes(of: info.name.text) { Array($0) }
      let found = try element.file.withBytes(of: element.info, 0..<info.elementCount) { Array($0) }
      #expect(found == bytes, "\(info.name)")
      let step = info.dataType.bytesPerBlock
      for start in 0..<info.elementCount {
        for end in [start + 1, info.elementCount] {
          let piece = try element.file.withBytes(of: element.info, start..<end) { Array($0) }
          #expect(piece == Array(bytes[start * step..<end * step]), "\(info.name) \(start)..<\(end)")
        }
      }
    }
    for (key, note) in Self.index[name] ?? [:] { #expect(tensors.metadata[key] == note) }
  }

  @Test func thereAreGoldens() { #expect(Self.names.count >= 10) }

  @Test("Views that are not row by row are told from those that are")
  func contiguity() throws {
    let tensors = try CheckpointTensors(Self.folder.appending(path: "views.pt"))
    for (name, isContiguous) in ["base": true, "row": true, "inner": true, "transposed": false, "columns": false] {
      #expect(tensors[name]?.info.isContiguous == isContiguous)
    }
  }

  @Test(
    "A checkpoint in a pickle is one like any other, whatever its name ends in", arguments: ["m.ckpt", "m.safetensors"])
  func checkpoint(name: String) throws {
    let folder = try TemporaryFolder()
    let pickle =
      Pickle.op(0x80, [2]) + Pickle.emptyDict + Pickle.text("state_dict") + Pickle.emptyDict
      + Pickle.text("model.diffusion_model.out.2.weight") + Pickle.tensor(Pickle.storage("0", 6), [2, 3], [1, 2])
      + Pickle.setItem + Pickle.setItem + Pickle.stop
    let numbers = (0..<6).flatMap { Pickle.little(Float($0).bitPattern) }
    let url = try folder.file(name, Data(Archive(pickle: pickle, storages: [("0", numbers)]).bytes))
    let checkpoint = try Checkpoint.open(url)
    #expect(checkpoint[.unet]?.parameterCount == 6)
    let values = try read(checkpoint, "unet.conv_out.weight", as: .float32, of: Float.self, count: 6)
    #expect(values == [0, 2, 4, 1, 3, 5])
    // What is not row by row cannot be lent.
    #expect(try checkpoint.lend("unet.conv_out.weight", count: 6) { _, _ in true } == nil)
  }

  @Test("State of training callbacks is passed over, made of whatever it is")
  func inertObjects() throws {
    let folder = try TemporaryFolder()
    let callback = Pickle.global("pytorch_lightning.callbacks.model_checkpoint", "ModelCheckpoint")
    let number =
      Pickle.global("numpy.core.multiarray", "scalar") + Pickle.mark + Pickle.global("numpy", "dtype") + Pickle.mark
      + Pickle.text("f8") + Pickle.int(0) + Pickle.int(1) + Pickle.tuple + Pickle.reduce + Pickle.mark + Pickle.int(3)
      + Pickle.tuple + Pickle.build + Pickle.global("_codecs", "encode") + Pickle.mark + Pickle.text("\u{0}\u{0}")
      + Pickle.text("latin1") + Pickle.tuple + Pickle.reduce + Pickle.tuple + Pickle.reduce
    let pickle =
      Pickle.op(0x80, [2]) + Pickle.emptyDict + Pickle.text("callbacks") + Pickle.emptyDict + callback + number
      + Pickle.setItem + Pickle.setItem + Pickle.text("state_dict") + Pickle.emptyDict + Pickle.text("w")
      + Pickle.tensor(Pickle.storage("0", 1), [1], [1]) + Pickle.setItem + Pickle.setItem + Pickle.stop
    let url = try folder.file("x.pt", Data(Archive(pickle: pickle, storages: [("0", [0, 0, 0, 0])]).bytes))
    #expect(try CheckpointTensors(url).elements.count == 1)
  }

  @Test("A folder's .bin weights count where there are no others")
  func folderOfPickles() throws {
    let folder = try TemporaryFolder()
    try folder.file("unet/config.json", "{}")
    let pickle =
      Pickle.op(0x80, [2]) + Pickle.emptyDict + Pickle.text("conv_out.bias")
      + Pickle.tensor(Pickle.storage("0", 4), [4], [1]) + Pickle.setItem + Pickle.stop
    let bytes = Archive(pickle: pickle, storages: [("0", [UInt8](repeating: 0, count: 16))]).bytes
    for name in ["diffusion_pytorch_model.bin", "diffusion_pytorch_model.fp16.bin"] {
      try folder.file("unet/\(name)", Data(bytes))
    }
    #expect(try Checkpoint.open(folder.url)[.unet]?.dataTypes == [.float32: 4])
    try writeZeros([("conv_out.bias", [4])], to: folder.url.appending(path: "unet/other.safetensors"))
    #expect(try Checkpoint.open(folder.url)[.unet]?.dataTypes == [.float16: 4])
  }
}
