import Imagine
import ImagineBenchmark

/// What `imagine bench ops` prints.
struct BenchOpsReport {
  private let result: OpBenchmark.Result

  init(_ result: OpBenchmark.Result) { self.result = result }

  var text: String {
    var text = """
      on \(result.device), \(result.precision.rawValue)
      \(BenchReport.ceiling(result.ceiling))

      """
    if !result.isProfiled {
      text += "This device has no clock for operations: times are of runs with their transfers.\n"
    }
    let model = result.operations.filter { $0.count != nil }, table = result.operations.filter { $0.count == nil }
    if !model.isEmpty { text += "\n" + modelTable(model) }
    if !table.isEmpty { text += "\n" + casesTable(table) }
    if let tiles = TileState.summary(result.operations.compactMap(\.tiles)) { text += tiles + "\n" }
    for operation in result.operations {
      if let obstacle = operation.obstacle { text += "\(operation.name): \(obstacle)\n" }
    }
    return text
  }

  /// The most expensive first, since that is where the time is.
  private func modelTable(_ operations: [OpBenchmark.Operation]) -> String {
    var table = TextTable("operation", "number", "time", "all", "TFLOP/s", "GB/s", "of roofline")
    for operation in operations.sorted(by: { ($0.total, $1.name) > ($1.total, $0.name) }) {
      table.add(
        operation.name, "\(operation.count ?? 1)", time(operation.seconds), time(operation.total),
        rates(operation).flops, rates(operation).bytes, rates(operation).share)
    }
    let total = operations.reduce(0) { $0 + $1.total }
    return table.text + "all of these together: \(Quantity.time(total))\n"
  }

  private func casesTable(_ operations: [OpBenchmark.Operation]) -> String {
    var table = TextTable("case", "time", "TFLOP/s", "GB/s", "of roofline")
    for operation in operations {
      table.add(
        operation.name, time(operation.seconds), rates(operation).flops, rates(operation).bytes, rates(operation).share)
    }
    return table.text
  }

  private func time(_ seconds: Double?) -> String { seconds.map(Quantity.time) ?? "-" }

  private func rates(_ operation: OpBenchmark.Operation) -> (flops: String, bytes: String, share: String) {
    guard let seconds = operation.seconds, seconds > 0 else { return ("-", "-", "-") }
    return (
      Quantity.tera(operation.flops, in: seconds), Quantity.giga(operation.bytes, in: seconds),
      Quantity.share(operation.roofSeconds, of: seconds)
    )
  }

  /// What a check prints.
  static func text(_ result: OpCheck.Result) -> String {
    let agreeing = Wording.count(result.agreeing, "case agrees", "cases agree")
    var lines = ["on \(result.device): \(agreeing) with the reference"]
    if let first = result.unsupported.first {
      lines.append("\(result.unsupported.count) not computed there, such as \(first)")
    }
    lines += result.mismatches.map { "WRONG \($0)" }
    lines += result.kernelsInLocalMemory.map { "SLOW, in memory instead of registers: \($0)" }
    return lines.joined(separator: "\n") + "\n"
  }
}

extension OpBenchmark.Operation {
  /// Seconds for as many as a model computes.
  fileprivate var total: Double { Double(count ?? 1) * (seconds ?? 0) }
}
