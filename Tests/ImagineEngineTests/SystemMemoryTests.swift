import ImagineGraph
import Testing

@testable import ImagineEngine

/// What of the machine's memory this process may have.
@Suite struct SystemMemoryTests {
  @Test func freeMemoryIsReadFromTheSystemsTable() {
    let table = "MemTotal: 100 kB\nMemFree: 1 kB\nMemAvailable:   20 kB\nSwapFree: 3 kB\n"
    #expect(SystemMemory.free(meminfo: table) == 23 * 1024)
    #expect(SystemMemory.free(meminfo: "MemAvailable: 20 kB") == 20 * 1024)
    #expect(SystemMemory.free(meminfo: "MemTotal: 100 kB") == nil)
    #expect(SystemMemory.free(meminfo: "MemAvailable: 9223372036854775807 kB") == nil)
    #expect(SystemMemory.free(meminfo: "") == nil)
    #expect(ProcTable.kilobytes("VmRSS", in: "VmHWM:\t   9 kB\nVmRSS:\t    7 kB\n") == 7 * 1024)
  }

  @Test func thisProcessIsMeasured() throws {
    #if os(Linux)
      let resident = try #require(SystemMemory.resident())
      #expect(resident > 1 << 20 && resident < 1 << 40)
    #endif
  }

  @Test func controlGroupsLimitWhatIsFree() {
    let group = ControlGroup(
      maximum: "1000000\n", current: "700000\n", statistics: "anon 1\ninactive_file 200000\nactive_file 50000\n")
    #expect(group.free == 550_000)
    #expect(ControlGroup(maximum: "max\n", current: "7\n").free == nil)
    #expect(ControlGroup(maximum: "10\n", current: "700\n").free == 0)
    #expect(ControlGroup(maximum: "10\n").free == nil)
    #expect(ControlGroup(maximum: "-5\n", current: "1\n").free == nil)
    #expect(ControlGroup(maximum: "1000\n", current: "9\n", statistics: "inactive_file x\n").free == 991)
    #expect(ControlGroup(maximum: "99999999999999999999\n", current: "1\n").free == nil)
    // Above `high` a group hardly moves.
    #expect(ControlGroup(maximum: "max\n", high: "500\n", current: "100\n").free == 400)
    // The first version's way of saying that there is no limit, and its counts with the groups inside.
    #expect(ControlGroup(maximum: "9223372036854771712\n", current: "7\n").free == nil)
    #expect(
      ControlGroup(
        maximum: "1000\n", current: "700\n",
        statistics: "inactive_file 1\nactive_file 1\ntotal_inactive_file 100\ntotal_active_file 50\n"
      ).free == 450)
  }

  @Test func controlGroupsOfBothVersionsAreFound() {
    func paths(_ cgroup: String?, _ mounts: String?) -> [String] {
      ControlGroup.folders(cgroup: cgroup, mounts: mounts).map { "\($0.version) \($0.path)" }
    }
    let two = "30 24 0:27 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
    #expect(
      paths("0::/user.slice/a.scope\n", two)
        == ["two /sys/fs/cgroup", "two /sys/fs/cgroup/user.slice", "two /sys/fs/cgroup/user.slice/a.scope"])
    let one =
      "35 32 0:30 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"
      + "36 32 0:31 / /cg/memory rw shared:9 - cgroup cgroup rw,memory\n"
    #expect(
      paths("5:cpu,cpuacct:/x\n4:memory:/docker/abc\n", one)
        == ["one /cg/memory", "one /cg/memory/docker", "one /cg/memory/docker/abc"])
    // A container whose own group is mounted as the top, and one whose group cannot be seen from there.
    let inner = "36 32 0:31 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
    #expect(
      paths("4:memory:/docker/abc/job\n", inner) == ["one /sys/fs/cgroup/memory", "one /sys/fs/cgroup/memory/job"])
    #expect(paths("4:memory:/elsewhere\n", inner) == ["one /sys/fs/cgroup/memory"])
    // Both at once, nothing, and nonsense.
    #expect(paths("4:memory:/a\n0::/b\n", one + two).count == 4)
    #expect(paths("0::/\n", nil) == ["two /sys/fs/cgroup"])
    #expect(paths(nil, two).isEmpty && paths("nonsense\n\n::\n", "x - y\n - \n").count <= 1)
  }

  @Test func filesOfAGroupAreReadByVersion() {
    let files = [
      "/m/memory.limit_in_bytes": "1000\n", "/m/memory.usage_in_bytes": "300\n", "/u/memory.max": "max\n",
      "/u/memory.high": "900\n", "/u/memory.current": "100\n",
    ]
    #expect(ControlGroup.Folder(version: .one, path: "/m").read { files[$0] }.free == 700)
    #expect(ControlGroup.Folder(version: .two, path: "/u").read { files[$0] }.free == 800)
    #expect(ControlGroup.Folder(version: .two, path: "/nowhere").read { files[$0] }.free == nil)
  }

  @Test func limitsOfTheProcess() {
    #expect(ProcessLimit(maximum: 100, used: 30).free == 70)
    #expect(ProcessLimit(maximum: 100, used: 30, reserve: 50).free == 20)
    #expect(ProcessLimit(maximum: 100, used: 130).free == 0)
  }

  @Test func memoryIsAskedForBeforehand() {
    #expect(HostMemory.has(0) && HostMemory.has(1 << 20) && HostMemory.has(-5))
    for bytes in [1 << 50, 1 << 60, Int.max - 1, .max] { #expect(!HostMemory.has(bytes)) }
  }

  @Test func valuesBetweenTilesThatFitNowhereAreAnError() {
    let error = #expect(throws: StageFailure.self) {
      try HostImage(ImageSize(height: 1 << 20, width: 1 << 20, channels: 64))
    }
    #expect(error?.failure == .outOfMemory)
  }
}
