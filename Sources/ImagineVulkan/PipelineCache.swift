import CShaders
import CVulkan
package import Foundation
internal import ImagineGraph

/// Compiled kernels in a file, so that the next start of the program need not compile them.
///
/// A file belongs to one device, driver and set of kernels, and holds a mark, a checksum and what the driver gave. Whatever
/// is wrong with it or its folder costs time at most, never an error.
final class PipelineCache: @unchecked Sendable {
  let handle: VkPipelineCache
  private let device: VulkanDevice
  private let file: URL
  private let lock = NSLock()
  /// Checksum of what the file holds.
  private var saved: UInt64?

  private static let mark = Array("imagine1".utf8)
  /// Bytes that nobody should lose to this file; larger ones are neither written nor read.
  private static let maximumBytes = 64 << 20

  /// - Parameter folder: made when something is saved.
  init?(in folder: URL, on device: VulkanDevice) {
    self.device = device
    let physical = device.physical
    file = folder.appending(path: "\(physical.pipelineIdentity.name)-\(hexadecimal(cs_fingerprint())).pipelines")
    let content = Self.content(of: file, for: physical)
    guard let handle = Self.make(content ?? [], device) ?? (content == nil ? nil : Self.make([], device)) else {
      return nil
    }
    self.handle = handle
    saved = content.map { fnv1a($0) }
  }

  deinit { device.functions.vkDestroyPipelineCache(device.handle, handle, nil) }

  private static func make(_ content: [UInt8], _ device: VulkanDevice) -> VkPipelineCache? {
    content.withUnsafeBytes { bytes in
      var info = VkPipelineCacheCreateInfo()
      info.sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO
      info.initialDataSize = bytes.count
      info.pInitialData = bytes.baseAddress
      var cache: VkPipelineCache?
      return device.functions.vkCreatePipelineCache(device.handle, &info, nil, &cache) == VK_SUCCESS ? cache : nil
    }
  }

  /// Writes what the driver has compiled, if it is not what the file holds.
  func save() {
    lock.withLock {
      let functions = device.functions
      var length = 0
      guard functions.vkGetPipelineCacheData(device.handle, handle, &length, nil) == VK_SUCCESS,
        (1...Self.maximumBytes).contains(length)
      else { return }
      var content = [UInt8](repeating: 0, count: length)
      guard functions.vkGetPipelineCacheData(device.handle, handle, &length, &content) == VK_SUCCESS else { return }
      content.removeSubrange(min(length, content.count)...)
      // Some drivers keep compiled kernels elsewhere, and give less than the header they should.
      guard device.physical.pipelineIdentity.opens(content) else { return }
      let sum = fnv1a(content)
      guard sum != saved else { return }
      let folder = file.deletingLastPathComponent()
      try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      let bytes = Self.mark + withUnsafeBytes(of: sum.littleEndian, Array.init) + content
      guard (try? Data(bytes).write(to: file, options: .atomic)) != nil else { return }
      saved = sum
      removeOthers(in: folder)
    }
  }

  /// Files of the same device that other kernels were compiled into.
  private func removeOthers(in folder: URL) {
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    let prefix = device.physical.pipelineIdentity.name + "-"
    for other in files
    where other.lastPathComponent != file.lastPathComponent && other.lastPathComponent.hasPrefix(prefix)
      && ["pipelines", "products"].contains(other.pathExtension)
      && !other.lastPathComponent.hasPrefix(file.deletingPathExtension().lastPathComponent)
    {
      try? FileManager.default.removeItem(at: other)
    }
  }

  /// What the file holds for the driver; nil if it is none of ours, damaged or another driver's.
  private static func content(of file: URL, for physical: VulkanPhysicalDevice) -> [UInt8]? {
    let head = mark.count + 8
    guard let size = try? file.resourceValues(forKeys: [.fileSizeKey]).fileSize, size <= maximumBytes + head,
      let bytes = (try? Data(contentsOf: file)).map({ [UInt8]($0) }), bytes.count > head,
      bytes.starts(with: mark)
    else { return nil }
    let content = Array(bytes[head...])
    let sum = bytes[mark.count..<head].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
    guard fnv1a(content) == sum, physical.pipelineIdentity.opens(content) else { return nil }
    return content
  }
}

extension VulkanPhysicalDevice {
  /// What compiled kernels can be used with.
  struct PipelineIdentity {
    let vendor: UInt32, device: UInt32, driverVersion: UInt32
    let uuid: [UInt8]

    /// What files that belong to it are called.
    var name: String {
      [hexadecimal(vendor), hexadecimal(device), hexadecimal(driverVersion), uuid.map(hexadecimal).joined()]
        .joined(separator: "-")
    }

    /// Whether a driver's data begins with this device's header (`VkPipelineCacheHeaderVersionOne`).
    func opens(_ content: [UInt8]) -> Bool {
      guard content.count >= 32 else { return false }
      func word(_ at: Int) -> UInt32 { content[at..<at + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) } }
      return word(0) >= 32 && word(4) == 1 && word(8) == vendor && word(12) == device && Array(content[16..<32]) == uuid
    }
  }
}

extension VulkanBackend.Configuration {
  /// Where programs of this user keep such files; nil where the environment names no place.
  package static func userCache(_ environment: [String: String] = ProcessInfo.processInfo.environment) -> URL? {
    let home = environment["HOME"].flatMap { $0.hasPrefix("/") ? URL(filePath: $0) : nil }
    #if os(macOS)
      return home?.appending(path: "Library/Caches/imagine")
    #else
      let named = environment["XDG_CACHE_HOME"].flatMap { $0.hasPrefix("/") ? URL(filePath: $0) : nil }
      return (named ?? home?.appending(path: ".cache"))?.appending(path: "imagine")
    #endif
  }
}

func hexadecimal<Number: FixedWidthInteger>(_ number: Number) -> String {
  let digits = String(number, radix: 16)
  return String(repeating: "0", count: Number.bitWidth / 4 - digits.count) + digits
}
