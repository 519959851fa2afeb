import CKernels
import ImagineGraph

extension PlanBuilder {
  /// Copies a host value to its place, converted to the format the graph declares.
  func input(_ name: String, _ result: Target) throws -> Kernel {
    { frame in
      guard let tensor = frame.inputs[name] else { throw CPUBackendError("Input \(name) is missing.") }
      tensor.write(as: result.type.elementType, to: result.address(in: frame))
    }
  }

  /// The same numbers in another format.
  func cast(_ x: Value, _ result: Target) -> Kernel {
    let device = device, from = x.type.elementType, to = result.type.elementType
    return { frame in
      let source = try x.address(in: frame), target = result.address(in: frame)
      switch (from, to) {
      case (.float32, .float32), (.float16, .float16), (.bfloat16, .bfloat16), (.int32, .int32):
        ck_copy_rows(device, source, 0, target, 0, x.type.byteCount, 1)
      case (.bfloat16, .float32):
        ck_widen(
          device, source.assumingMemoryBound(to: UInt16.self), target.assumingMemoryBound(to: Float.self), x.count)
      case (.float32, .bfloat16):
        ck_narrow(
          device, source.assumingMemoryBound(to: Float.self), target.assumingMemoryBound(to: UInt16.self), x.count)
      case (.int32, _), (_, .int32), (.float16, _), (_, .float16):
        castSingly(source, from, target, to, count: x.count)
      }
    }
  }
}

/// Between formats that few elements are in: token ids, and float16, which is not computed in here. Fractions are cut off, what is out of range is
/// brought to the nearest integer in range, and NaN becomes 0.
private func castSingly(
  _ source: UnsafeRawPointer, _ from: ElementType, _ target: UnsafeMutableRawPointer, _ to: ElementType, count: Int
) {
  for index in 0..<count {
    let value: Float =
      switch from {
      case .float32: source.load(fromByteOffset: 4 * index, as: Float.self)
      case .float16: HalfFloat.float(source.load(fromByteOffset: 2 * index, as: UInt16.self))
      case .bfloat16: BFloat16.float(source.load(fromByteOffset: 2 * index, as: UInt16.self))
      case .int32: Float(source.load(fromByteOffset: 4 * index, as: Int32.self))
      }
    switch to {
    case .float32: target.storeBytes(of: value, toByteOffset: 4 * index, as: Float.self)
    case .float16: target.storeBytes(of: HalfFloat.bits(value), toByteOffset: 2 * index, as: UInt16.self)
    case .bfloat16: target.storeBytes(of: BFloat16.bits(value), toByteOffset: 2 * index, as: UInt16.self)
    case .int32:
      let limited = value.isNaN ? 0 : min(max(value, -0x1p31), 0x1.fffffep30)
      target.storeBytes(of: Int32(limited), toByteOffset: 4 * index, as: Int32.self)
    }
  }
}
