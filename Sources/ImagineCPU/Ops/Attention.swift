import CKernels
import ImagineGraph

extension PlanBuilder {
  /// q [N, T, C], k [N, S, C], v [N, S, C] -> [N, T, C].
  func attention(_ operands: [Value], heads: Int, causal: Bool, _ result: Target) throws -> Kernel {
    let q = operands[0], k = operands[1], v = operands[2]
    let type = try q.type.elementType.arithmetic, device = device
    let shape = ck_attention_shape(
      batch: q.shape[0], queries: q.shape[1], keys: k.shape[1], heads: heads, head_size: q.shape.last / heads,
      causal: causal)
    guard shape.keys > 0 else { throw CPUBackendError("Attention needs at least one key.") }
    reserveScratch(ck_attention_scratch_bytes(device, type, shape))
    return { frame in
      ck_attention(
        device, type, shape, try q.address(in: frame), try k.address(in: frame), try v.address(in: frame),
        result.address(in: frame), frame.scratch)
    }
  }
}
