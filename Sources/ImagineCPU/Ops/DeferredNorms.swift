import CKernels
import ImagineGraph

/// A group norm that is computed as a convolution in tile registers copies its image, so that its result is never in
/// memory. Its statistics come first.
struct DeferredNorm {
  private let operands: [Value]
  private let shape: ck_group_norm_shape

  init(_ operands: [Value], groups: Int, epsilon: Float, _ activation: Activation?) throws {
    self.operands = operands
    try requireFloats(operands[1], operands[2])
    shape = ck_group_norm_shape(operands[0].shape, groups: groups, epsilon: epsilon, activation)
  }

  var scratchBytes: Int { ck_group_norm_scratch_bytes(shape).aligned }

  /// What `product` is told, its image being given; in the frame's scratch memory.
  func norm(of product: ck_product, on device: ck_device, in frame: Frame) throws -> ck_norm {
    var addresses = try ck_group_norm_operands(operands, in: frame)
    let statistics = ck_group_norm_statistics(device, product.x_type, shape, &addresses, frame.scratch)
    return ck_norm(statistics: statistics, bias: addresses.bias, activation: shape.activation)
  }
}

extension Graph {
  /// The group norms that can be computed on the way into the convolution that alone reads them.
  func deferredNorms(for machine: Machine) -> Set<NodeID> {
    guard ck_has_tiles(machine.device), machine.products != .winograd else { return [] }
    let isSteady = steadyNodes
    var readers: [NodeID: [NodeID]] = [:]
    for id in ids {
      for operand in self[id].operands { readers[operand, default: []].append(id) }
    }
    return Set(
      ids.filter { id in
        guard case .groupNorm = self[id].op, !outputs.contains(id), let reader = readers[id]?.first,
          readers[id]?.count == 1,
          // Else it is kept from run to run, and has to be in memory.
          isSteady[id.index] == isSteady[reader.index]
        else { return false }
        return copiesImageInTiles(reader)
      })
  }

  /// Whether a node is a convolution in tile registers that does not read its image in place.
  private func copiesImageInTiles(_ id: NodeID) -> Bool {
    guard case .conv2d(let convolution, _) = self[id].op, convolution.images == 1 else { return false }
    let x = self[self[id].operands[0]].type, weight = self[self[id].operands[1]].type
    return [x, weight, self[id].type].allSatisfy { $0.elementType == .bfloat16 } && x.shape.last > 0
      && weight.shape[2] * weight.shape[3] > 1
  }
}
