internal import Foundation

/// What Linux says about the memory of a group of processes, as the texts of its files.
struct ControlGroup {
  /// Which files there are, and what they are called.
  enum Version {
    case one
    case two
  }

  /// Where the files of a group are.
  struct Folder: Equatable {
    let version: Version
    let path: String

    /// - Parameter text: reads a file; nil for one that is not there.
    func read(_ text: (String) -> String?) -> ControlGroup {
      switch version {
      case .one:
        ControlGroup(
          maximum: text("\(path)/memory.limit_in_bytes"), current: text("\(path)/memory.usage_in_bytes"),
          statistics: text("\(path)/memory.stat"))
      case .two:
        ControlGroup(
          maximum: text("\(path)/memory.max"), high: text("\(path)/memory.high"),
          current: text("\(path)/memory.current"), statistics: text("\(path)/memory.stat"))
      }
    }
  }

  /// What processes cannot exceed: bytes, or `max`.
  var maximum: String?
  /// What they are slowed down above until they are useless: bytes, or `max`.
  var high: String?
  /// Bytes they have.
  var current: String?
  /// Lines such as `inactive_file 4096`; those that begin with `total_` count the groups inside as well.
  var statistics: String?

  /// Bytes that its processes can still get; nil without a limit. What files have in the system's cache gives way.
  var free: Int? {
    let limits = [maximum, high].compactMap { $0 }.compactMap(Self.bytes)
    guard let limit = limits.min(), let used = current.flatMap(Self.bytes) else { return nil }
    let cached = ["inactive_file", "active_file"].reduce(0) { sum, name in
      sum + (statistic("total_\(name)") ?? statistic(name) ?? 0)
    }
    return max(limit - max(used - cached, 0), 0)
  }

  private func statistic(_ name: String) -> Int? {
    let line = statistics?.split(separator: "\n").first { $0.hasPrefix("\(name) ") }
    return line.flatMap { $0.split(separator: " ").last }.flatMap { Self.bytes(String($0)) }
  }

  private static func bytes(_ text: String) -> Int? {
    Int(text.trimmingCharacters(in: .whitespacesAndNewlines)).flatMap { (0...1 << 60).contains($0) ? $0 : nil }
  }
}

extension ControlGroup {
  /// The groups of this process that memory is counted in, each with those around it, of both versions.
  ///
  /// - Parameters:
  ///   - cgroup: `/proc/self/cgroup`, whose lines read `0::/path` for version 2 and `4:memory:/path` for version 1.
  ///   - mounts: `/proc/self/mountinfo`, which says where the files are; without it they are where they usually are.
  static func folders(cgroup: String?, mounts: String?) -> [Folder] {
    let mounts = (mounts ?? "").split(separator: "\n").compactMap(Mount.init)
    return (cgroup ?? "").split(separator: "\n").flatMap { line -> [Folder] in
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { return [] }
      let controllers = fields[1].split(separator: ",")
      guard controllers.isEmpty || controllers.contains("memory") else { return [] }
      let version = controllers.isEmpty ? Version.two : .one
      let usual = Mount(
        version: version, root: "/", point: version == .two ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory")
      let mount = mounts.first { $0.version == version } ?? usual
      return mount.folders(of: String(fields[2])).map { Folder(version: version, path: $0) }
    }
  }

  /// A tree of groups, mounted somewhere.
  private struct Mount {
    let version: Version
    /// Which group of the whole tree is at the top here.
    let root: String
    let point: String

    init(version: Version, root: String, point: String) {
      self.version = version
      self.root = root
      self.point = point
    }

    /// A line such as `35 24 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory`; nil for another kind of mount.
    init?(_ line: Substring) {
      let halves = line.components(separatedBy: " - ")
      guard halves.count == 2 else { return nil }
      let place = halves[0].split(separator: " "), kind = halves[1].split(separator: " ")
      guard place.count >= 5, kind.count >= 1 else { return nil }
      switch kind[0] {
      case "cgroup2": version = .two
      case "cgroup" where kind.last?.split(separator: ",").contains("memory") == true: version = .one
      default: return nil
      }
      root = String(place[3])
      point = String(place[4])
    }

    /// The folder of a group and of those around it, as far as they can be seen.
    func folders(of group: String) -> [String] {
      let top = root.split(separator: "/"), names = group.split(separator: "/")
      // A container sees its own group at the top, whatever it is called outside.
      let inside = names.starts(with: top) ? Array(names.dropFirst(top.count)) : []
      return (0...inside.count).map { count in
        ([point] + inside.prefix(count).map(String.init)).joined(separator: "/")
      }
    }
  }
}
