import CKernels
import ImagineGraph

extension PlanBuilder {
  /// a [..., M, K] times b [..., K, N] or the transpose of b [..., N, K] -> [..., M, N], matrix after matrix.
  func matmul(_ a: Value, _ b: Value, transposeB: Bool, _ result: Target) throws -> Kernel {
    let type = a.type.elementType
    _ = try type.arithmetic
    let m = a.shape[a.shape.rank - 2], k = a.shape.last, n = result.shape.last
    let matrices = a.shape.dimensions.dropLast(2).reduce(1, *)
    let device = device

    // bfloat16 matrices are widened one at a time.
    let bOffset = (4 * m * k).aligned, resultOffset = bOffset + (4 * k * n).aligned
    if type == .bfloat16 { reserveScratch(resultOffset + 4 * m * n) }
    return { frame in
      let a = try a.address(in: frame), b = try b.address(in: frame), out = result.address(in: frame)
      for matrix in 0..<matrices {
        let aMatrix = a + matrix * m * k * type.size, bMatrix = b + matrix * k * n * type.size
        let outMatrix = out + matrix * m * n * type.size
        if type == .float32 {
          try multiply(
            aMatrix.assumingMemoryBound(to: Float.self), bMatrix.assumingMemoryBound(to: Float.self),
            transposeB: transposeB, into: outMatrix.assumingMemoryBound(to: Float.self), m: m, n: n, k: k)
        } else {
          let wideA = frame.scratch.assumingMemoryBound(to: Float.self)
          let wideB = (frame.scratch + bOffset).assumingMemoryBound(to: Float.self)
          let wideOut = (frame.scratch + resultOffset).assumingMemoryBound(to: Float.self)
          ck_widen(device, aMatrix.assumingMemoryBound(to: UInt16.self), wideA, m * k)
          ck_widen(device, bMatrix.assumingMemoryBound(to: UInt16.self), wideB, k * n)
          try multiply(wideA, wideB, transposeB: transposeB, into: wideOut, m: m, n: n, k: k)
          ck_narrow(device, wideOut, outMatrix.assumingMemoryBound(to: UInt16.self), m * n)
        }
      }
    }
  }
}
