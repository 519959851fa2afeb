import Foundation
import Testing

@testable import ImagineCPU

@Suite struct ProcessorCoresTests {
  /// A system whose processors share cores with these siblings, and that lets a thread run on these processors.
  private func cores(_ siblings: [Int: String], allowed: String?) throws -> Int? {
    let folder = FileManager.default.temporaryDirectory.appending(path: "cores-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    for (processor, list) in siblings {
      let topology = folder.appending(path: "cpu\(processor)/topology")
      try FileManager.default.createDirectory(at: topology, withIntermediateDirectories: true)
      try Data("\(list)\n".utf8).write(to: topology.appending(path: "thread_siblings_list"))
    }
    let status = folder.appending(path: "status")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    if let allowed {
      try Data("Name:\timagine\nCpus_allowed:\tf\nCpus_allowed_list:\t\(allowed)\nMems_allowed:\t1\n".utf8).write(
        to: status)
    }
    return ProcessorCores(processors: folder, status: status).count
  }

  @Test func processorsThatShareACoreAreOne() throws {
    let neighbours = [0: "0-1", 1: "0-1", 2: "2-3", 3: "2-3"]
    #expect(try cores(neighbours, allowed: "0-3") == 2)
    let halves = [0: "0,4", 1: "1,5", 2: "2,6", 3: "3,7", 4: "0,4", 5: "1,5", 6: "2,6", 7: "3,7"]
    #expect(try cores(halves, allowed: "0-7") == 4)
    #expect(try cores([0: "0", 1: "1"], allowed: "0-1") == 2)
  }

  @Test("Only processors that the process may use count")
  func allowed() throws {
    let halves = [0: "0,4", 1: "1,5", 2: "2,6", 3: "3,7", 4: "0,4", 5: "1,5", 6: "2,6", 7: "3,7"]
    #expect(try cores(halves, allowed: "0,4") == 1)
    #expect(try cores(halves, allowed: "1-2,5") == 2)
  }

  @Test("What the system does not tell is not guessed")
  func unknown() throws {
    #expect(try cores([0: "0-1"], allowed: "0-1") == nil)
    #expect(try cores([0: "0"], allowed: nil) == nil)
    for list in ["", "3-1", "x", "0-", "99999999"] {
      #expect(try cores([0: "0", 1: "1"], allowed: list) == nil, "\(list)")
    }
  }

  @Test("One thread a core where tiles compute, else one for each processor")
  func threads() {
    func usual(_ features: CPUFeatures, _ available: Int, _ cores: Int?) -> Int {
      CPUCapabilities.usualThreads(features, available: available, cores: cores)
    }
    #expect(usual([.avx512, .amxBFloat16], 32, 16) == 16)
    #expect(usual([.avx512, .amxBFloat16], 32, nil) == 32)
    #expect(usual([.avx512, .amxBFloat16], 4, 16) == 4, "a quota counts as well")
    #expect(usual([.avx512, .avx512BFloat16], 32, 16) == 32)
  }

  @Test func thisMachine() throws {
    let threads = try CPUBackend().capabilities.threads
    #expect((1...CPUCapabilities.availableThreads).contains(threads))
  }
}
