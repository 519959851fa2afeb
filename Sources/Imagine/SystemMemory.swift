internal import Foundation

/// The memory of the machine.
enum SystemMemory {
  /// Bytes that can be had without taking them from anyone: what Linux counts as available, and free swap. Nil on other
  /// systems.
  @Sendable static func free() -> Int? {
    guard let text = try? String(contentsOfFile: "/proc/meminfo", encoding: .utf8) else { return nil }
    return free(meminfo: text)
  }

  /// The same from the text of `/proc/meminfo`, whose lines read `MemAvailable:   22783448 kB`.
  static func free(meminfo: String) -> Int? {
    func bytes(_ name: String) -> Int? {
      let line = meminfo.split(separator: "\n").first { $0.hasPrefix("\(name):") }
      let number = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
      return number.flatMap { number in
        let (bytes, overflows) = number.multipliedReportingOverflow(by: 1024)
        return overflows ? nil : bytes
      }
    }
    return bytes("MemAvailable").map { $0 + (bytes("SwapFree") ?? 0) }
  }
}
