import CKernels
import ImagineGraph

extension PlanBuilder {
  /// Joins the operands along an axis.
  func concat(_ operands: [Value], axis: Int, _ result: Target) -> Kernel {
    let device = device, stride = result.bytesFrom(axis)
    let rows = result.shape.dimensions[..<axis].reduce(1, *)
    return { frame in
      var target = result.address(in: frame)
      for operand in operands {
        let bytes = operand.shape.dimensions[axis...].reduce(operand.type.elementType.size, *)
        ck_copy_rows(device, try operand.address(in: frame), bytes, target, stride, bytes, rows)
        target += bytes
      }
    }
  }

  /// Part of an axis.
  func slice(_ x: Value, axis: Int, start: Int, _ result: Target) -> Kernel {
    let device = device, bytes = result.bytesFrom(axis)
    let inner = x.shape.dimensions[(axis + 1)...].reduce(x.type.elementType.size, *)
    let stride = inner * x.shape[axis], offset = inner * start
    let rows = result.shape.dimensions[..<axis].reduce(1, *)
    return { frame in
      ck_copy_rows(device, try x.address(in: frame) + offset, stride, result.address(in: frame), bytes, bytes, rows)
    }
  }

  /// Axis i of the result is axis `axes[i]` of the operand.
  func permute(_ x: Value, _ axes: [Int], _ result: Target) -> Kernel {
    let device = device, size = x.type.elementType.size
    let extents = axes.isEmpty ? [1] : axes.map { x.shape[$0] }
    let strides = axes.isEmpty ? [1] : axes.map { x.shape.strides[$0] }
    return { frame in
      ck_permute(device, size, try x.address(in: frame), result.address(in: frame), extents.count, extents, strides)
    }
  }

  /// x [N, H, W, C] -> [N, height, width, C].
  func upsampleNearest(_ x: Value, _ result: Target) -> Kernel {
    let device = device, pixelBytes = x.shape[3] * x.type.elementType.size
    return { frame in
      ck_upsample_nearest(
        device, try x.address(in: frame), result.address(in: frame), x.shape[0], x.shape[1], x.shape[2],
        result.shape[1], result.shape[2], pixelBytes)
    }
  }
}

extension Target {
  /// Bytes of a piece that spans an axis and all inner ones.
  fileprivate func bytesFrom(_ axis: Int) -> Int { shape.dimensions[axis...].reduce(type.elementType.size, *) }
}
