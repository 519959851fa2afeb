import Foundation
import Imagine
import Synchronization

/// A look at the graphics drivers by a process of its own: a driver that crashes or hangs then takes that one with it.
///
/// It also keeps the drivers' memory out of this process where the processor computes.
enum DeviceProbe {
  /// What came of it.
  enum Outcome: Sendable {
    /// The text of `imagine devices`, and whether a card is among them that is taken by itself.
    case seen(text: String, hasCard: Bool)
    case crashed
    /// The other process could not be started: nothing is known.
    case unknown
  }

  /// How `imagine devices --probe` ends if there is no card.
  static let noCard: Int32 = 3
  /// Seconds after which a driver counts as hung.
  private static let patience = 20.0

  static func look() -> Outcome {
    guard let program = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe") else {
      return .unknown
    }
    let process = Process(), output = Pipe()
    process.executableURL = URL(filePath: program)
    process.arguments = ["devices", "--probe"]
    // The crash is what is looked for: nobody wants to read about it.
    process.environment = ProcessInfo.processInfo.environment.merging(["SWIFT_BACKTRACE": "enable=no"]) { $1 }
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return .unknown }
    let identifier = process.processIdentifier
    let isDone = Mutex(false)
    DispatchQueue.global().asyncAfter(deadline: .now() + patience) {
      isDone.withLock { if !$0 { _ = kill(identifier, SIGKILL) } }
    }
    let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    isDone.withLock { $0 = true }
    guard process.terminationReason == .exit else { return .crashed }
    switch process.terminationStatus {
    case 0: return .seen(text: text, hasCard: true)
    case noCard: return .seen(text: text, hasCard: false)
    default: return .unknown
    }
  }

  /// What to say when a driver crashed.
  static let crashNotice =
    "A graphics driver crashed while it was looked at, so the processor computes. --device cpu looks at none; "
    + "VK_LOADER_DRIVERS_DISABLE=\"*name*\" leaves out the driver whose description has that name."
}
