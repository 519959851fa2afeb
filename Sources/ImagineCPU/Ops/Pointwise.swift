import CKernels
import ImagineGraph

extension PlanBuilder {
  func activation(_ function: Activation, _ x: Value, _ result: Target) throws -> Kernel {
    let type = try x.type.elementType.arithmetic, device = device, function = Optional(function).kernel
    return { frame in
      ck_activate(device, type, function, try x.address(in: frame), result.address(in: frame), result.count)
    }
  }

  func scale(_ factor: Float, _ x: Value, _ result: Target) throws -> Kernel {
    let type = try x.type.elementType.arithmetic, device = device
    return { frame in
      ck_scale(device, type, factor, try x.address(in: frame), result.address(in: frame), result.count)
    }
  }

  /// x [..., 2 C] -> [..., C].
  func geglu(_ x: Value, _ result: Target) throws -> Kernel {
    let type = try x.type.elementType.arithmetic, device = device
    return { frame in
      ck_geglu(device, type, try x.address(in: frame), result.address(in: frame), result.rows, result.shape.last)
    }
  }

  /// a + b or a * b; an extent of 1 in b is repeated.
  func binary(_ op: ck_binary_op, _ a: Value, _ b: Value, _ result: Target) throws -> Kernel {
    let type = try a.type.elementType.arithmetic, device = device
    let (extents, strides) = broadcastAxes(a.shape, b.shape)
    return { frame in
      ck_binary(
        device, op, type, try a.address(in: frame), try b.address(in: frame), result.address(in: frame),
        extents.count, extents, strides)
    }
  }

  /// Extents of a and strides of b along them, with as few axes as possible: neighbours that b treats alike are joined.
  private func broadcastAxes(_ a: Shape, _ b: Shape) -> (extents: [Int], strides: [Int]) {
    var extents: [Int] = [], strides: [Int] = []
    for (extent, (bExtent, bStride)) in zip(a.dimensions, zip(b.dimensions, b.strides)) where extent != 1 {
      let stride = bExtent == 1 ? 0 : bStride
      if let outer = strides.last, outer == stride * extent {
        extents[extents.count - 1] *= extent
        strides[strides.count - 1] = stride
      } else {
        extents.append(extent)
        strides.append(stride)
      }
    }
    // A last axis along which b is repeated has stride 0, any other 1: b is row-major.
    return extents.isEmpty ? ([1], [1]) : (extents, strides)
  }
}

extension Activation? {
  /// The kernels' name of the function.
  var kernel: ck_activation {
    switch self {
    case nil: CK_IDENTITY
    case .silu: CK_SILU
    case .gelu: CK_GELU
    case .quickGELU: CK_QUICK_GELU
    }
  }
}
