import ArgumentParser
import Imagine

/// `imagine devices`: tells what can compute.
struct DevicesCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "devices", _superCommandName: "imagine", abstract: "Show what can compute on this machine.")

  func run() throws {
    for device in try DeviceDescription.all() { try StandardOutput.write(Self.text(device) + "\n") }
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
    add("passed over", device.passedOver)
    return lines.joined(separator: "\n")
  }
}
