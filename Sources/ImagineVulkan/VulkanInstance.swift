import CVulkan
import Foundation

/// The system's Vulkan, opened once and kept.
package final class VulkanInstance: @unchecked Sendable {
  let handle: VkInstance
  let functions: cv_instance
  /// What the validation layers said, if they were asked for.
  private let messages = MessageList()
  private var messenger: VkDebugUtilsMessengerEXT?

  /// - Parameter validation: whether to run under the Khronos validation layers, for tests.
  /// - Throws: `VulkanError` of kind `unavailable` where there is no Vulkan 1.3, or no validation layer.
  package init(validation: Bool = false) throws(VulkanError) {
    let global = try Self.loadGlobalFunctions()
    var version: UInt32 = 0
    try check(global.vkEnumerateInstanceVersion(&version), "asking for Vulkan's version")
    guard version >= vulkan13 else {
      throw VulkanError(
        .unavailable, "Vulkan \(versionText(version)) is installed and 1.3 is needed; update the graphics driver.")
    }
    let layer = "VK_LAYER_KHRONOS_validation"
    if validation, !Self.layers(global).contains(layer) {
      throw VulkanError(.unavailable, "There is no \(layer) (Debian: vulkan-validationlayers).")
    }
    var application = VkApplicationInfo()
    application.sType = VK_STRUCTURE_TYPE_APPLICATION_INFO
    application.apiVersion = vulkan13
    let created = withCStrings(validation ? [layer] : []) { layers in
      withCStrings(validation ? [VK_EXT_DEBUG_UTILS_EXTENSION_NAME] : []) { extensions in
        withUnsafePointer(to: &application) { application in
          var info = VkInstanceCreateInfo()
          info.sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO
          info.pApplicationInfo = application
          info.enabledLayerCount = UInt32(layers.count)
          info.ppEnabledLayerNames = layers.baseAddress
          info.enabledExtensionCount = UInt32(extensions.count)
          info.ppEnabledExtensionNames = extensions.baseAddress
          var handle: VkInstance?
          return (global.vkCreateInstance(&info, nil, &handle), handle)
        }
      }
    }
    guard created.0 != VK_ERROR_INCOMPATIBLE_DRIVER else {
      throw VulkanError(.unavailable, "There is no Vulkan driver on this machine.")
    }
    // The loader's answers to a driver that it cannot make sense of, before any memory of a card is asked for.
    if created.0 == VK_ERROR_OUT_OF_HOST_MEMORY || created.0 == VK_ERROR_INITIALIZATION_FAILED {
      throw VulkanError(
        .unavailable,
        "Vulkan does not open (error \(created.0.rawValue)): a graphics driver or its description may be broken. "
          + "VK_LOADER_DEBUG=all shows which is read; check VK_DRIVER_FILES and VK_ICD_FILENAMES, or use the CPU.")
    }
    try check(created.0, "opening Vulkan")
    guard let handle = created.1 else { throw VulkanError(.failed, "Vulkan gave no instance.") }
    let functions = UnsafeMutablePointer<cv_instance>.allocate(capacity: 1)
    defer { functions.deallocate() }
    if let missing = cv_load_instance(handle, functions) {
      throw VulkanError(.unavailable, "The Vulkan library has no \(String(cString: missing)); update it.")
    }
    self.handle = handle
    self.functions = functions.pointee
    if validation { try listen() }
  }

  deinit {
    if let messenger { cv_destroy_messenger(handle)?(handle, messenger, nil) }
    functions.vkDestroyInstance(handle, nil)
  }

  /// Whether it runs under the validation layers.
  package var isValidated: Bool { messenger != nil }

  /// Warnings and errors of the validation layers so far; never any without them.
  package var validationMessages: [String] { messages.all }

  private static func loadGlobalFunctions() throws(VulkanError) -> cv_global {
    let functions = UnsafeMutablePointer<cv_global>.allocate(capacity: 1)
    defer { functions.deallocate() }
    if let missing = cv_load_global(functions) {
      throw VulkanError(
        .unavailable,
        "There is no Vulkan on this machine (\(String(cString: missing)) is missing): install a graphics driver with Vulkan, "
          + "or use the CPU.")
    }
    return functions.pointee
  }

  private static func layers(_ global: cv_global) -> [String] {
    var count: UInt32 = 0
    _ = global.vkEnumerateInstanceLayerProperties(&count, nil)
    var layers = [VkLayerProperties](repeating: VkLayerProperties(), count: Int(count))
    _ = global.vkEnumerateInstanceLayerProperties(&count, &layers)
    return layers.prefix(Int(count)).map { text($0.layerName) }
  }

  private func listen() throws(VulkanError) {
    var info = VkDebugUtilsMessengerCreateInfoEXT()
    info.sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT
    info.messageSeverity =
      VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT.rawValue | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT.rawValue
    info.messageType =
      VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT.rawValue | VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT.rawValue
    info.pUserData = Unmanaged.passUnretained(messages).toOpaque()
    info.pfnUserCallback = { _, _, data, list in
      if let list, let message = data?.pointee.pMessage {
        Unmanaged<MessageList>.fromOpaque(list).takeUnretainedValue().append(String(cString: message))
      }
      return VkBool32(VK_FALSE)
    }
    guard let create = cv_create_messenger(handle) else {
      throw VulkanError(.unavailable, "The Vulkan library cannot report validation messages.")
    }
    try check(create(handle, &info, nil, &messenger), "listening to validation messages")
  }
}

private final class MessageList: @unchecked Sendable {
  private let lock = NSLock()
  private var messages: [String] = []

  func append(_ message: String) { lock.withLock { messages.append(message) } }
  var all: [String] { lock.withLock { messages } }
}

let vulkan13: UInt32 = 1 << 22 | 3 << 12

/// Such as `1.3.230`.
func versionText(_ version: UInt32) -> String { "\(version >> 22 & 0x7f).\(version >> 12 & 0x3ff).\(version & 0xfff)" }

/// The text in a fixed array of characters.
func text<Characters>(_ characters: Characters) -> String {
  withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
}

/// Calls `body` with C strings that live as long as the call.
func withCStrings<Result>(
  _ strings: [String], _ body: (UnsafeBufferPointer<UnsafePointer<CChar>?>) -> Result
) -> Result {
  let copies = strings.map { strdup($0) }
  defer { copies.forEach { free($0) } }
  return copies.map { UnsafePointer($0) }.withUnsafeBufferPointer(body)
}
