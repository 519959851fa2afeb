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
    """
    \(device.device.rawValue)  \(device.name)
      features   \(device.features.isEmpty ? "none that matter" : device.features.joined(separator: ", "))
      threads    \(device.threads)
      precision  \(device.defaultPrecision.rawValue)
    """
  }
}
