import Foundation

/// The cores that this process may use, as Linux tells of them: what it calls a processor may be one of several threads of a core.
struct ProcessorCores {
  /// Where the system says which processors there are.
  var processors = URL(filePath: "/sys/devices/system/cpu")
  /// Where it says which of them this thread may run on.
  var status = URL(filePath: "/proc/thread-self/status")

  /// Nil where the system does not tell.
  var count: Int? {
    guard let allowed, !allowed.isEmpty else { return nil }
    var cores = Set<String>()
    for processor in allowed {
      let siblings = processors.appending(path: "cpu\(processor)/topology/thread_siblings_list")
      // The same list is in the files of all that share the core.
      guard let list = try? String(contentsOf: siblings, encoding: .utf8) else { return nil }
      cores.insert(list.trimmingCharacters(in: .whitespacesAndNewlines))
    }
    return cores.count
  }

  /// The numbers of a line such as `Cpus_allowed_list: 0-3,8`; nil without one.
  private var allowed: [Int]? {
    guard let text = try? String(contentsOf: status, encoding: .utf8),
      let line = text.split(separator: "\n").first(where: { $0.hasPrefix("Cpus_allowed_list:") }),
      let list = line.split(separator: ":").last
    else { return nil }
    var numbers: [Int] = []
    for part in list.split(separator: ",") {
      let ends = part.split(separator: "-", omittingEmptySubsequences: false).map {
        Int($0.trimmingCharacters(in: .whitespaces))
      }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, first <= last, last < 65536 else { return nil }
      numbers += first...last
    }
    return numbers
  }
}
