import ImagineGraph

/// A node's value: its type, and where it lies on the device.
struct Value {
  let type: TensorType
  let span: BufferSpan

  var shape: Shape { type.shape }
  var count: Int { type.shape.count }
  /// How many vectors along the last axis.
  var rows: Int { shape.rows }
}

extension ElementType {
  /// What the kernels that compute with this type are called after the operation's name.
  ///
  /// - Throws: `VulkanError` for integers, which only move.
  var kernelSuffix: String {
    get throws(VulkanError) {
      switch self {
      case .float32: "f32"
      case .float16: "f16"
      case .bfloat16: "bf16"
      case .int32: throw VulkanError(.unsupported, "This operation computes with floats and was given integers.")
      }
    }
  }

  /// The same for kernels that move words of this size, whatever they mean.
  var wordSuffix: String { size == 2 ? "bf16" : "f32" }
}

extension Float {
  var word: UInt32 { bitPattern }
}

extension Int {
  /// As a kernel's constant.
  ///
  /// - Throws: `VulkanError` for numbers beyond 32 bits: kernels count elements in these.
  var word: UInt32 {
    get throws(VulkanError) {
      guard let word = UInt32(exactly: self) else {
        throw VulkanError(.unsupported, "A value has \(self) elements, more than the kernels for Vulkan can count.")
      }
      return word
    }
  }
}
