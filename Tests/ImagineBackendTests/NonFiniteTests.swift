import ImagineGraph
import Testing

@testable import ImagineVulkan

@Suite(
  .enabled(if: VulkanTestDevice.backend != nil, "no Vulkan device (Debian: mesa-vulkan-drivers has one in software)"))
struct NonFiniteTests {
  private static let formats: [ElementType] = [.float32, .float16, .bfloat16]

  /// Counts around a vector of 16 bytes and a workgroup.
  @Test("A value that is no number is found wherever it stands", arguments: formats, [1, 3, 4, 7, 9, 13, 2051])
  func finds(_ type: ElementType, _ count: Int) throws {
    let instance = try #require(VulkanTestDevice.instance), backend = try #require(VulkanTestDevice.backend)
    let context = try VulkanContext(VulkanDevice(backend.device, instance), VulkanBackend.Configuration())
    let plain = (0..<count).map { $0 % 2 == 0 ? Float($0) : -60000 }
    #expect(try !flag(plain, type, context))
    for bad in [Float.nan, .infinity, -.infinity] {
      for position in Set([0, count / 2, count - 1]) {
        var values = plain
        values[position] = bad
        #expect(try flag(values, type, context), "\(bad) at \(position)")
      }
    }
    #expect(instance.validationMessages == [])
  }

  private func flag(_ values: [Float], _ type: ElementType, _ context: VulkanContext) throws -> Bool {
    let tensor = TensorType([values.count], type)
    // What lies behind the values is no number, and no business of the kernel.
    let memory = try DeviceBuffer(tensor.byteCount + 64, .upload, for: "values", on: context.device)
    let flag = try DeviceBuffer(4, .readback, for: "a flag", on: context.device)
    let (address, word) = (try #require(memory.address), try #require(flag.address))
    address.initializeMemory(as: UInt8.self, repeating: 0xff, count: memory.byteCount)
    HostTensor(Shape([values.count]), values).write(as: type, to: address)
    word.storeBytes(of: 0, as: UInt32.self)
    let x = Value(type: tensor, span: BufferSpan(memory, byteCount: tensor.byteCount))
    try context.run([try findNonFinite(in: x, flag: BufferSpan(flag))], "looking for what is no number")
    let result = word.load(as: UInt32.self)
    #expect(result <= 1)
    return result == 1
  }
}
