internal import Foundation

/// The memory of the machine, as far as this process may have it.
enum SystemMemory {
  /// Bytes that can be had without taking them from anyone: what Linux counts as available, and free swap; less if this
  /// process's control groups or its own limits allow less. Nil on other systems.
  @Sendable static func free() -> Int? {
    guard let table = text("/proc/meminfo"), let machine = free(meminfo: table) else { return nil }
    let groups = ControlGroup.folders(cgroup: text("/proc/self/cgroup"), mounts: text("/proc/self/mountinfo"))
    return ([machine] + groups.compactMap { $0.read(text).free } + ProcessLimit.all().map(\.free)).min()
  }

  /// The same of the machine alone, from the text of `/proc/meminfo`, whose lines read `MemAvailable:   22783448 kB`.
  static func free(meminfo: String) -> Int? {
    func bytes(_ name: String) -> Int? { ProcTable.kilobytes(name, in: meminfo) }
    return bytes("MemAvailable").map { $0 + (bytes("SwapFree") ?? 0) }
  }

  /// Bytes of memory that this process has at the moment: its resident set.
  @Sendable static func resident() -> Int? {
    text("/proc/self/status").flatMap { ProcTable.kilobytes("VmRSS", in: $0) }
  }

  fileprivate static func text(_ path: String) -> String? { try? String(contentsOfFile: path, encoding: .utf8) }
}

/// A table of the kernel's, whose lines read `Name:   12345 kB`.
enum ProcTable {
  /// - Returns: bytes.
  static func kilobytes(_ name: String, in table: String) -> Int? {
    let line = table.split(separator: "\n").first { $0.hasPrefix("\(name):") }
    let number = line?.dropFirst(name.count + 1).split(whereSeparator: \.isWhitespace).first.flatMap { Int($0) }
    return number.flatMap { number in
      let (bytes, overflow) = number.multipliedReportingOverflow(by: 1024)
      return overflow ? nil : bytes
    }
  }
}

/// A limit that was set for this process, as `ulimit` sets it.
struct ProcessLimit: Equatable {
  /// Bytes it may have, and has.
  let maximum: Int
  let used: Int
  /// Bytes that will count although nothing will ever be in them.
  var reserve = 0

  var free: Int { max(maximum - used - reserve, 0) }

  /// Addresses of threads that are still to come: their stacks, and the regions that `malloc` sets aside for each.
  private static let addressesOfThreads = 80_000_000

  /// Of addresses (`ulimit -v`) and of data (`ulimit -d`); those that are unlimited are left out.
  static func all() -> [ProcessLimit] {
    #if os(Linux)
      let status = SystemMemory.text("/proc/self/status") ?? ""
      let kinds = [(RLIMIT_AS.rawValue, "VmSize", addressesOfThreads), (RLIMIT_DATA.rawValue, "VmData", 0)]
      return kinds.compactMap { kind, name, reserve in
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(kind), &limit) == 0, let maximum = Int(exactly: limit.rlim_cur),
          maximum < 1 << 60,
          let used = ProcTable.kilobytes(name, in: status)
        else { return nil }
        return ProcessLimit(maximum: maximum, used: used, reserve: reserve)
      }
    #else
      return []
    #endif
  }
}
