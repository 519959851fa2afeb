import Imagine

/// What `imagine --estimate` prints.
struct EstimateReport {
  private let estimate: RequestEstimate

  init(_ estimate: RequestEstimate) { self.estimate = estimate }

  var text: String {
    var table = TextTable("", "weights", "working memory", "peak of the process", "TFLOP")
    for stage in estimate.stages {
      table.add(
        stage.name, Quantity.megabytes(stage.weightBytes), Quantity.megabytes(stage.workingBytes),
        Quantity.megabytes(stage.peakBytes), Quantity.tera(stage.flops, in: 1))
    }
    table.add("the whole picture", "", "", Quantity.megabytes(estimate.peakBytes), "")
    return heading + "\n" + table.text + "\n" + ending
  }

  private var heading: String {
    let ways = [estimate.usesLowMemory ? "low memory" : nil, estimate.usesTiles ? "decoded in tiles" : nil]
    let list = ([estimate.size.description, estimate.precision] + ways.compactMap { $0 }).joined(separator: ", ")
    return "\(list)\non \(estimate.device)\n"
  }

  private var ending: String {
    guard let free = estimate.freeBytes else { return "free: unknown\n" }
    return "free: \(Quantity.megabytes(free))\(estimate.peakBytes > free ? ", which is too little" : "")\n"
  }
}
