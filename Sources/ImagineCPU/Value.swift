import CKernels
import ImagineGraph

/// Where a node's value is found during a run.
struct Value {
  enum Location {
    /// As the memory plan has it.
    case offset(Int)
    case weight(StoredWeight)
  }

  let type: TensorType
  let location: Location

  var shape: Shape { type.shape }
  var count: Int { type.shape.count }

  /// The elements, row-major.
  func address(in frame: Frame) throws -> UnsafeRawPointer {
    switch location {
    case .offset(let offset): UnsafeRawPointer(frame.address(at: offset))
    case .weight(let weight): try weight.address(in: .plain)
    }
  }

  /// The elements of a 32-bit value.
  func floats(in frame: Frame) throws -> UnsafePointer<Float> {
    try address(in: frame).assumingMemoryBound(to: Float.self)
  }

  /// A copy for the host: integers stay integers, everything else becomes floats.
  func hostTensor(in frame: Frame) throws -> HostTensor { HostTensor(type, readFrom: try address(in: frame)) }
}

/// Where a kernel writes its result.
struct Target {
  let type: TensorType
  let offset: Int

  var shape: Shape { type.shape }
  var count: Int { type.shape.count }

  func address(in frame: Frame) -> UnsafeMutableRawPointer { frame.address(at: offset) }
}

extension ck_type {
  /// The same format of weights.
  var asStored: ck_stored { self == CK_F32 ? CK_STORED_F32 : CK_STORED_BF16 }
}

extension ElementType {
  /// Whether kernels compute from and to the format.
  var isArithmetic: Bool { self == .float32 || self == .bfloat16 }

  /// The format as kernels read it from files; nil for integers.
  var stored: ck_stored? {
    switch self {
    case .float32: CK_STORED_F32
    case .bfloat16: CK_STORED_BF16
    case .float16: CK_STORED_F16
    case .int32: nil
    }
  }

  /// The format kernels compute from and to.
  ///
  /// - Throws: `CPUBackendError` for integers, which only move.
  var arithmetic: ck_type {
    get throws {
      switch self {
      case .float32: CK_F32
      case .bfloat16: CK_BF16
      case .float16:
        throw CPUBackendError("The processor does not compute in float16; use bfloat16 or float32.", .unsupported)
      case .int32: throw CPUBackendError("This operation computes with floats and was given integers; cast them first.")
      }
    }
  }
}
