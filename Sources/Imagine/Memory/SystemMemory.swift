internal import Foundation

/// The memory of the machine.
enum SystemMemory {
  /// Bytes that can be had without taking them from anyone: what Linux counts as available, and free swap; less if this
  /// process's control groups allow less. Nil on other systems.
  @Sendable static func free() -> Int? {
    guard let text = text("/proc/meminfo"), let machine = free(meminfo: text) else { return nil }
    return ([machine] + controlGroups().compactMap(\.free)).min()
  }

  /// The same of the machine alone, from the text of `/proc/meminfo`, whose lines read `MemAvailable:   22783448 kB`.
  static func free(meminfo: String) -> Int? {
    func bytes(_ name: String) -> Int? {
      let line = meminfo.split(separator: "\n").first { $0.hasPrefix("\(name):") }
      let number = line?.split(separator: " ").dropFirst().first.flatMap { Int($0) }
      return number.flatMap { number in
        let (bytes, overflow) = number.multipliedReportingOverflow(by: 1024)
        return overflow ? nil : bytes
      }
    }
    return bytes("MemAvailable").map { $0 + (bytes("SwapFree") ?? 0) }
  }

  /// This process's control group and those around it, of version 2.
  private static func controlGroups() -> [ControlGroup] {
    let entries = text("/proc/self/cgroup")?.split(separator: "\n") ?? []
    guard let path = entries.first(where: { $0.hasPrefix("0::/") })?.dropFirst(4) else { return [] }
    let names = path.split(separator: "/")
    return (0...names.count).map { count in
      let folder = (["/sys/fs/cgroup"] + names.prefix(count)).joined(separator: "/")
      return ControlGroup(
        maximum: text("\(folder)/memory.max"), current: text("\(folder)/memory.current"),
        statistics: text("\(folder)/memory.stat"))
    }
  }

  private static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}

/// What Linux says about the memory of a group of processes, as the texts of its files.
struct ControlGroup {
  /// `memory.max`: bytes, or `max`.
  var maximum: String?
  /// `memory.current`: bytes.
  var current: String?
  /// `memory.stat`: lines such as `inactive_file 4096`.
  var statistics: String?

  /// Bytes that its processes can still get; nil without a limit. What files have in the system's cache gives way.
  var free: Int? {
    guard let limit = maximum.flatMap(Self.bytes), let used = current.flatMap(Self.bytes) else { return nil }
    let cached = ["inactive_file", "active_file"].reduce(0) { $0 + statistic($1) }
    return max(limit - max(used - cached, 0), 0)
  }

  private func statistic(_ name: String) -> Int {
    let line = statistics?.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
    return line.flatMap { $0.split(separator: " ").last }.flatMap { Self.bytes(String($0)) } ?? 0
  }

  private static func bytes(_ text: String) -> Int? {
    Int(text.trimmingCharacters(in: .whitespacesAndNewlines)).flatMap { (0...1 << 60).contains($0) ? $0 : nil }
  }
}
