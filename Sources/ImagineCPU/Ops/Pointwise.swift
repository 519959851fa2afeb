import CKernels
import ImagineGraph

extension PlanBuilder {
  func activation(_ function: Activation, _ x: Value, _ result: Target) throws -> Kernel {
    let type = try x.type.elementType.arithmetic, device = device, function = Optional(function).kernel
    return { frame in
      ck_activate(device, type, function, try x.address(in: frame), result.address(in: frame), result.count)
    }
  }

  /// x [..., C], slopes [C] or [1].
  func prelu(_ x: Value, slopes: Value, _ result: Target) throws -> Kernel {
    try requireFloats(slopes)
    let type = try x.type.elementType.arithmetic, device = device, channels = slopes.count
    return { frame in
      ck_prelu(
        device, type, try x.address(in: frame), try slopes.floats(in: frame), result.address(in: frame),
        result.count / max(channels, 1), channels)
    }
  }

  func scale(_ factor: Float, _ x: Value, _ result: Target) throws -> Kernel {
    let type = try x.type.elementType.arithmetic, device = device
    return { frame in
      ck_scale(device, type, factor, try x.address(in: frame), result.address(in: frame), result.count)
    }
  }

  /// x [..., 2 C] -> [..., C].
  func glu(_ function: Activation, _ x: Value, _ result: Target) throws -> Kernel {
    let type = try x.type.elementType.arithmetic, device = device, function = Optional(function).kernel
    return { frame in
      ck_glu(
        device, type, function, try x.address(in: frame), result.address(in: frame), result.rows,
        result.shape.last)
    }
  }

  /// a + b or a * b; an extent of 1 in b is repeated.
  func binary(_ op: ck_binary_op, _ a: Value, _ b: Value, _ result: Target) throws -> Kernel {
    let type = try a.type.elementType.arithmetic, device = device
    let axes = a.shape.joiningAxes(steps: b.shape.broadcastStrides)
    // A last axis along which b is repeated has stride 0, any other 1: b is row-major.
    let (extents, strides) = axes.extents.isEmpty ? ([1], [1]) : axes
    return { frame in
      ck_binary(
        device, op, type, try a.address(in: frame), try b.address(in: frame), result.address(in: frame),
        extents.count, extents, strides)
    }
  }
}

extension Activation? {
  var kernel: ck_activation { ck_activation(rawValue: kernelNumber) }
}
