import ArgumentParser
import Imagine

/// `imagine devices`: tells what can compute.
struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices", _superCommandName: "imagine", abstract: "Show what can compute on this machine.")

  /// Looks in this very process, whatever becomes of it: how `DeviceProbe` runs it.
  @Flag(help: .private)
  var probe = false

  func run() throws {
    if probe {
      let devices = try DeviceDescription.all()
      try StandardOutput.show(devices.map { Self.text($0) + "\n" }.joined())
      guard devices.contains(where: { $0.device != .cpu && $0.passedOver == nil }) else {
        throw CommandFailure(status: DeviceProbe.noCard)
      }
      return
    }
    switch DeviceProbe.look() {
    case .seen(let text, _): try StandardOutput.show(text)
    case .crashed:
      try StandardOutput.show(Self.text(.processor()) + "\n")
      StandardError.write("imagine: \(DeviceProbe.crashNotice)\n")
    case .unknown: try StandardOutput.show(DeviceDescription.all().map { Self.text($0) + "\n" }.joined())
    }
  }

  static func text(_ device: DeviceDescription) -> String {
    var lines = ["\(device.device)  \(device.name)"]
    func add(_ label: String, _ text: String?) {
      if let text { lines.append("  \(label)\(String(repeating: " ", count: max(12 - label.count, 1)))\(text)") }
    }
    add("features", device.features.isEmpty ? "none that matter" : device.features.joined(separator: ", "))
    add("threads", device.threads.map(String.init))
    add("memory", device.memory.map { "\($0 / 1_000_000) MB" })
    add("driver", device.driver)
    add("precision", device.defaultPrecision.rawValue)
    add("tiers", tiers(of: device))
    add("passed over", device.passedOver)
    return lines.joined(separator: "\n")
  }

  /// Such as `t0, t1, t2 (default)`; nil for the processor.
  private static func tiers(of device: DeviceDescription) -> String? {
    guard !device.tiers.isEmpty else { return nil }
    return device.tiers.map { $0 == device.defaultTier ? "\($0.rawValue) (default)" : $0.rawValue }
      .joined(separator: ", ")
  }
}
