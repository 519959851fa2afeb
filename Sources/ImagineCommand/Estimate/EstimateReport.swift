import Imagine

/// What `imagine --estimate` prints.
struct EstimateReport {
  private let estimate: RequestEstimate

  init(_ estimate: RequestEstimate) { self.estimate = estimate }

  var text: String {
    var table = TextTable(
      "", "weights", "working memory", estimate.isCard ? "peak of the card" : "peak of the process", "TFLOP")
    for stage in estimate.stages {
      table.add(
        stage.name, Quantity.megabytes(stage.weightBytes), Quantity.megabytes(stage.workingBytes),
        Quantity.megabytes(stage.peakBytes), Quantity.tera(stage.flops, in: 1))
    }
    table.add("the whole picture", "", "", Quantity.megabytes(estimate.peakBytes), "")
    return heading + "\n" + table.text + "\n" + ending
  }

  private var heading: String {
    let ways = [
      estimate.usesLowMemory ? "low memory" : nil, estimate.usesTiles ? "decoded in tiles" : nil,
      estimate.isCard && estimate.takesTurns ? "one network at a time" : nil,
    ]
    let list = ([estimate.size.description, estimate.precision] + ways.compactMap { $0 }).joined(separator: ", ")
    return "\(list)\non \(estimate.device)\n"
  }

  private var ending: String {
    guard let free = estimate.freeBytes else { return "free: unknown\n" }
    let isShort = estimate.isCard ? estimate.exceedsCard : estimate.peakBytes > free
    var lines = ["free: \(Quantity.megabytes(free))\(isShort ? ", which is too little" : "")"]
    for stage in estimate.stages where stage.copiedBytes > 0 {
      lines.append(
        "\(stage.name): \(Quantity.megabytes(stage.copiedBytes)) more of weights stay in the machine's memory and are copied over "
          + "at each use")
    }
    if estimate.exceedsCard { lines.append("what does not fit is done in parts, or by the processor") }
    return lines.joined(separator: "\n") + "\n"
  }
}
