import Imagine
import ImagineBenchmark

/// What `imagine bench` prints.
struct BenchReport {
  private let result: BenchmarkResult

  init(_ result: BenchmarkResult) { self.result = result }

  var text: String {
    let notices = result.notices.map { "\($0)\n" }.joined()
    let sections = [heading, notices, stages] + result.stages.compactMap(profile) + [footer]
    return sections.filter { !$0.isEmpty }.joined(separator: "\n")
  }

  private var heading: String {
    """
    \(result.model), \(result.size), \(result.precision.rawValue)
    on \(result.device)
    \(Self.ceiling(result.ceiling))
    """ + "\n"
  }

  static func ceiling(_ ceiling: DeviceCeiling) -> String {
    "measured ceiling: \(Quantity.tera(ceiling.flopsPerSecond, in: 1)) TFLOP/s, "
      + "\(Quantity.giga(ceiling.bytesPerSecond, in: 1)) GB/s"
      + (ceiling.tiles.map { "; \($0.sentence)" } ?? "")
  }

  private var stages: String {
    var table = TextTable(
      "", "time", "fastest", "TFLOP/s", "GB/s", "of ceiling", "runs", "prepared in", "weights", "working memory")
    for stage in result.stages {
      let seconds = stage.timing.median
      table.add(
        stage.name, Quantity.time(seconds), Quantity.time(stage.timing.fastest),
        Quantity.tera(stage.flops, in: seconds),
        Quantity.giga(stage.bytes, in: seconds), Quantity.share(stage.roofSeconds, of: seconds),
        "\(stage.timing.runs)", Quantity.time(stage.preparation), Quantity.megabytes(stage.weightBytes),
        Quantity.megabytes(stage.workingBytes))
    }
    if let picture = result.picture {
      table.add(
        Self.name(picture), Quantity.time(picture.timing.median), Quantity.time(picture.timing.fastest), "", "", "",
        "\(picture.timing.runs)", "", "", "")
      table.add("the first, with loading", Quantity.time(picture.coldSeconds), "", "", "", "", "1", "", "", "")
    }
    return table.text + tiles
  }

  private static func name(_ picture: BenchmarkResult.Picture) -> String {
    "picture, \(Wording.count(picture.steps, "step", "steps"))"
  }

  /// A line for each of the table's figures.
  private var tiles: String {
    let states = result.stages.map { ($0.name, $0.tiles) } + (result.picture.map { [(Self.name($0), $0.tiles)] } ?? [])
    return states.compactMap { name, state in state.map { "\(name): \($0.sentence)\n" } }.joined()
  }

  private var footer: String {
    "memory of the process at most: \(Quantity.megabytes(result.peakResidentBytes))\n"
  }

  // MARK: Profiles

  private func profile(_ stage: BenchmarkResult.Stage) -> String? {
    if let obstacle = stage.profileObstacle { return "\(stage.name): \(obstacle)\n" }
    guard let profile = stage.profile else { return nil }
    return "\(stage.name), operation by operation: \(Quantity.time(profile.seconds))\n" + kinds(profile) + "\n"
      + mostExpensive(profile)
  }

  private func kinds(_ profile: BenchmarkResult.Profile) -> String {
    var table = TextTable("kind", "number", "time", "share", "TFLOP/s", "GB/s", "of roofline")
    for kind in profile.kinds {
      table.add(
        kind.name, "\(kind.count)", Quantity.time(kind.seconds), Quantity.share(kind.seconds, of: profile.seconds),
        Quantity.tera(kind.flops, in: kind.seconds), Quantity.giga(kind.bytes, in: kind.seconds),
        Quantity.share(kind.roofSeconds, of: kind.seconds))
    }
    return table.text
  }

  private func mostExpensive(_ profile: BenchmarkResult.Profile) -> String {
    var table = TextTable("the most expensive", "number", "time", "TFLOP/s", "GB/s", "of roofline", "shapes")
    for operation in profile.operations.prefix(20) {
      table.add(
        "\(operation.name) \(operation.scope)", "\(operation.count)", Quantity.time(operation.seconds),
        Quantity.tera(operation.flops, in: operation.seconds), Quantity.giga(operation.bytes, in: operation.seconds),
        Quantity.share(operation.roofSeconds, of: operation.seconds), operation.shapes)
    }
    return table.text
  }
}
