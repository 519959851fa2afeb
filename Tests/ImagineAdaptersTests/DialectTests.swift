import CKernels
import Foundation
import ImagineAdapters
import ImagineCheckpoint
import ImagineGoldens
import ImagineGraph
import ImagineModels
import Testing

/// Files of every dialect: all of their tensors find their place, and the weights become what the oracle made of them.
struct DialectTests {
  @Test func goldensAreThere() { #expect(AdapterGolden.all.count == 22) }

  @Test(arguments: AdapterGolden.all)
  func findsEveryTensorAndMergesAsItsOracle(_ example: AdapterGolden) throws {
    let folder = try TestFolder(), model = try FamilyModel(example.model)
    let base = MemoryWeights(
      tensors: Dictionary(
        uniqueKeysWithValues: try model.rows.filter { !$0.forms.contains("single") }.map {
          ($0.path, (Shape($0.shape), try FamilyModel.values($0)))
        }))
    let file = try AdapterFile(example.write(to: folder.url))
    let adapter = try Adapter(file, for: ModuleNames(base.shapes))
    #expect(adapter.leftovers.isEmpty, "\(adapter.named)")
    #expect(adapter.tensorCount == example.tensorCount)
    #expect(adapter.parameters == Set(example.merged.keys))
    let adapted = AdaptedWeights(base, base.shapes, [.init(adapter, .init(1))], features: ck_cpu_features())
    #expect(adapted.touched == adapter.parameters)
    for (path, expected) in example.merged {
      let count = try #require(base.shapes[path]).count
      let merged = try adapted.floats(path, count: count)
      for (index, product) in expected.enumerated() {
        let numbers = try FamilyModel.values(.init(path: "\(path) \(index + 1)", shape: [count, 1]))
        let own = zip(merged, numbers).reduce(0) { $0 + Double($1.0) * Double($1.1) }
        // Of sums of so many products of numbers around 1.
        #expect(
          abs(own - product) < 2e-6 * (1 + Double(count).squareRoot())
            * max(1, abs(merged.map(Double.init).max() ?? 1)), "\(path)")
      }
    }
  }

  /// The original names of a whole UNet, against the table that reads them.
  @Test(arguments: ["sd1", "sd2", "sdxl", "sdxl_refiner", "ssd_1b"])
  func originalNamesAreTheReadersOwn(_ name: String) throws {
    let rows = try FamilyModel(name).rows.filter { $0.path.hasPrefix("unet.") }
    let paths = Set(rows.map { $0.path.split(separator: ".").dropFirst().dropLast().joined(separator: ".") })
    let names = OriginalUNetNames(paths)
    for row in rows {
      let parts = row.path.split(separator: ".")
      let module = parts.dropFirst().dropLast().joined(separator: "."), kind = parts[parts.count - 1]
      let original = try #require(names[module], "\(module)")
      #expect("model.diffusion_model.\(original).\(kind)" == row.name)
    }
  }
}
