import Foundation

/// How long this process has been there.
enum ProcessAge {
  private static let programStart = ContinuousClock.now

  /// Notes the time for systems that do not tell when a process began; to be called first of all.
  static func begin() { _ = programStart }

  /// Milliseconds; on Linux to the hundredth of a second, with the time it took to load the program.
  static var milliseconds: Int {
    #if os(Linux)
      if let text = try? String(contentsOfFile: "/proc/self/stat", encoding: .utf8),
        let start = startTicks(stat: text)
      {
        var now = timespec()
        clock_gettime(CLOCK_BOOTTIME, &now)
        return now.tv_sec * 1000 + now.tv_nsec / 1_000_000 - start * 1000 / sysconf(Int32(_SC_CLK_TCK))
      }
    #endif
    return Int(programStart.duration(to: .now) / .milliseconds(1))
  }

  /// When the process began, in ticks since the system did: field 22 of `/proc/self/stat`, whose second field, the
  /// program's name in parentheses, may hold anything.
  static func startTicks(stat: String) -> Int? {
    guard let name = stat.lastIndex(of: ")") else { return nil }
    let fields = stat[stat.index(after: name)...].split(separator: " ")
    return fields.count > 19 ? Int(fields[19]) : nil
  }
}
