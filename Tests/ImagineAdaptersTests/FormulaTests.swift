import CKernels
import Foundation
import ImagineAdapters
import ImagineGoldens
import ImagineGraph
import Testing

/// Every formula against the programs that wrote them: LyCORIS 4.1.3, PEFT 0.21.2.
struct FormulaTests {
  struct Tensor: Decodable {
    let shape: [Int]
    let values: [Float]
  }

  struct Case: Decodable, CustomTestStringConvertible {
    let name: String
    let weight: Tensor
    let tensors: [String: Tensor]
    /// The weight after, by strength.
    let merged: [String: [Float]]
    /// What stands in PEFT's adapter_config.json.
    let config: [String: Setting]?

    var testDescription: String { name }
  }

  enum Setting: Codable {
    case bool(Bool), number(Double), text(String)

    init(from decoder: any Decoder) throws {
      let container = try decoder.singleValueContainer()
      if let value = try? container.decode(Bool.self) {
        self = .bool(value)
      } else if let value = try? container.decode(Double.self) {
        self = .number(value)
      } else {
        self = .text(try container.decode(String.self))
      }
    }

    func encode(to encoder: any Encoder) throws {
      var container = encoder.singleValueContainer()
      switch self {
      case .bool(let value): try container.encode(value)
      case .number(let value): try container.encode(value)
      case .text(let value): try container.encode(value)
      }
    }
  }

  private struct Golden: Decodable {
    let cases: [Case]
  }

  static func cases(_ name: String) -> [Case] {
    let url = ImagineGoldens.Golden.url("adapters").appending(path: "\(name).json")
    return (try? JSONDecoder().decode(Golden.self, from: Data(contentsOf: url)))?.cases ?? []
  }

  /// Instruction sets that this processor has, as masks: none, and each with what it builds on.
  static let masks: [UInt32] =
    [0, UInt32(CK_AVX2), UInt32(CK_AVX2 | CK_AVX512)]
    .filter { $0 & ck_cpu_features() == $0 } + [ck_cpu_features()]

  @Test func goldensAreThere() {
    #expect(Self.cases("formulas").count > 35)
    #expect(Self.cases("vectors").count > 25)
  }

  @Test(arguments: cases("formulas") + cases("vectors"))
  func agreesWithItsProgram(_ example: Case) throws {
    let folder = try TestFolder()
    let path = "unet.mid_block.attentions.0.proj_in.weight", shape = Shape(example.weight.shape)
    var tensors: [String: TestTensor] = [:]
    for (name, tensor) in example.tensors {
      tensors["unet.mid_block.attentions.0.proj_in.\(name)"] = TestTensor(tensor.shape, tensor.values)
    }
    if let config = example.config {
      try JSONEncoder().encode(config).write(to: folder.file("adapter_config.json"))
    }
    let file = try AdapterFile.writing(tensors, to: folder.file("adapter_model.safetensors"))
    let adapter = try Adapter(file, for: ModuleNames([path: shape]))
    #expect(adapter.leftovers.isEmpty, "\(adapter.named)")
    #expect(adapter.tensorCount == tensors.count)
    let base = MemoryWeights(tensors: [path: (shape, example.weight.values)])
    for (strength, expected) in example.merged {
      for mask in Self.masks {
        let strength = AdapterStrength(try #require(Float(strength)))
        let adapted = AdaptedWeights(base, base.shapes, [.init(adapter, strength)], features: mask)
        let merged = try adapted.floats(path, count: shape.count)
        let distance = zip(merged, expected).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? .infinity
        #expect(merged.count == expected.count)
        #expect(distance < 1e-5, "at \(strength.unet) with instruction sets \(mask)")
      }
    }
  }
}
