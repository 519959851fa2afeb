import CVulkan
import Foundation
import ImagineGraph
import ImagineTesting
import Testing

@testable import ImagineVulkan

@Suite(
  .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan device (Debian: mesa-vulkan-drivers has one in software)"),
  .serialized)
struct PipelineCacheTests {
  let instance: VulkanInstance

  init() throws { instance = try #require(VulkanTestDevice.instance) }

  /// Runs a network with compiled kernels kept in a folder.
  private func run(_ folder: URL) throws {
    var configuration = VulkanBackend.Configuration()
    configuration.pipelineCache = folder
    let backend = try VulkanBackend(in: instance, configuration), network = try SmallNetwork()
    _ = try backend.plan(network.graph, weights: backend.upload(network.weights, for: network.graph))
      .run(network.inputs)
    #expect(instance.validationMessages == [])
  }

  /// Whether the driver gives compiled kernels at all: Mesa 26's software driver does not give so much as a header.
  private static let driverGives: Bool = {
    guard let instance = VulkanTestDevice.instance, let physical = VulkanTestDevice.backend?.device,
      let device = try? VulkanDevice(physical, instance)
    else { return false }
    var info = VkPipelineCacheCreateInfo()
    info.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO
    var cache: VkPipelineCache?
    var length = 0
    guard device.functions.vkCreatePipelineCache(device.handle, &info, nil, &cache) == VK_SUCCESS else { return false }
    _ = device.functions.vkGetPipelineCacheData(device.handle, cache, &length, nil)
    var content = [UInt8](repeating: 0, count: length)
    _ = device.functions.vkGetPipelineCacheData(device.handle, cache, &length, &content)
    device.functions.vkDestroyPipelineCache(device.handle, cache, nil)
    return length >= 32
  }()

  private func withFolder(_ body: (URL) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "imagine-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: folder) }
    try body(folder.appending(path: "deeper"))
  }

  private func files(_ folder: URL) throws -> [URL] {
    try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
  }

  @Test(
    "Compiled kernels are kept, found again and not written twice",
    .enabled(if: driverGives, "this driver gives no compiled kernels"))
  func kept() throws {
    try withFolder { folder in
      try run(folder)
      let file = try #require(files(folder).first)
      let content = try Data(contentsOf: file)
      #expect(try files(folder).count == 1 && content.count >= 48)
      let old = Date(timeIntervalSince1970: 1_000_000_000)
      try FileManager.default.setAttributes([.modificationDate: old], ofItemAtPath: file.path)
      try run(folder)
      #expect(try Data(contentsOf: file) == content)
      #expect(try file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate == old)
    }
  }

  @Test(
    "A damaged or foreign file is replaced in silence",
    .enabled(if: driverGives, "this driver gives no compiled kernels"))
  func damaged() throws {
    try withFolder { folder in
      try run(folder)
      let file = try #require(files(folder).first)
      let content = try Data(contentsOf: file)
      var flipped = content
      flipped[content.count / 2] ^= 1
      for bad in [Data(), Data("imagine1".utf8), Data(repeating: 7, count: 5000), content.dropLast(9), flipped] {
        try bad.write(to: file)
        try run(folder)
        #expect(try Data(contentsOf: file) != bad)
      }
      // What other kernels left behind for the same device goes.
      let name = file.lastPathComponent.split(separator: "-").dropLast().joined(separator: "-")
      let stale = folder.appending(path: name + "-0000000000000000.pipelines"), other = folder.appending(path: "other")
      for file in [stale, other] { try Data([1]).write(to: file) }
      try Data([1]).write(to: file)
      try run(folder)
      #expect(!FileManager.default.fileExists(atPath: stale.path))
      #expect(FileManager.default.fileExists(atPath: other.path))
    }
  }

  @Test("A folder that cannot be written is no error") func unwritable() throws {
    try withFolder { folder in
      try FileManager.default.createDirectory(
        at: folder.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data([1]).write(to: folder)
      try run(folder)
    }
    try run(URL(filePath: "/dev/null/imagine"))
  }

  @Test(
    "The folder is where programs of the user keep such files",
    arguments: [
      (["XDG_CACHE_HOME": "/c", "HOME": "/h"], "/c/imagine"), (["HOME": "/h"], "/h/.cache/imagine"),
      (["XDG_CACHE_HOME": "relative", "HOME": "/h"], "/h/.cache/imagine"), ([:], nil),
    ] as [([String: String], String?)])
  func place(_ environment: [String: String], _ path: String?) {
    #if !os(macOS)
      #expect(VulkanBackend.Configuration.userCache(environment)?.path == path)
    #endif
  }
}
