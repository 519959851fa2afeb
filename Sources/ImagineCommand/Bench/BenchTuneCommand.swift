import ArgumentParser
import Imagine
import ImagineBenchmark

/// `imagine bench tune`: finds out how products are fastest on a graphics card, and keeps that.
struct BenchTuneCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune", _superCommandName: "imagine bench",
    abstract: "Find the fastest way to compute a model's products on a graphics card.",
    discussion: """
      For cards with matrix units, once for a card, driver, model and size: the tiles that each product could have are timed, \
      which takes seconds, and the fastest are kept beside the compiled kernels ($XDG_CACHE_HOME/imagine, else \
      ~/.cache/imagine). Pictures come out faster from then on; without it, tiles are chosen by reckoning.

      EXAMPLES:
        imagine bench tune -m v1-5.safetensors --size 512x768
        imagine bench tune --random sd15
      """)

  @OptionGroup
  var measured: MeasuredModelOptions

  @Flag(help: "Print everything as JSON.")
  var json = false

  func run() async throws {
    let result = try await measured.namedBenchmark().tune { done, count in
      StandardError.write("\(done) of \(Wording.count(count, "product", "products"))\n")
    }
    try StandardOutput.write(json ? JSONText.of(result) : Self.text(result))
  }

  /// The products, those first on which most time is saved.
  static func text(_ result: BenchmarkTuning) -> String {
    var table = TextTable("product", "number", "reckoned", "measured", "ratio", "by")
    func total(_ seconds: (BenchmarkTuning.Product) -> Double) -> Double {
      result.products.reduce(0) { $0 + seconds($1) * Double($1.count) }
    }
    func saved(_ product: BenchmarkTuning.Product) -> Double {
      (product.usualSeconds - product.seconds) * Double(product.count)
    }
    for product in result.products.sorted(by: { (saved($0), $1.name) > (saved($1), $0.name) }) {
      table.add(
        product.name, "\(product.count)", Quantity.time(product.usualSeconds), Quantity.time(product.seconds),
        Quantity.ratio(product.usualSeconds, to: product.seconds), product.choice)
    }
    let usual = total(\.usualSeconds), best = total(\.seconds)
    table.add(
      "all products", "\(result.products.reduce(0) { $0 + $1.count })", Quantity.time(usual), Quantity.time(best),
      Quantity.ratio(usual, to: best), "")
    return "on \(result.device)\n\n" + table.text
  }
}
