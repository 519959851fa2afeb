internal import CKernels
internal import ImagineGraph

/// The processor's kernels that merge: of the best instruction set that it has and is allowed.
struct MergeKernels: Sendable {
  /// On the calling thread alone: weights are merged on several threads, one weight on each.
  let device: ck_device

  /// - Parameter features: instruction sets, as the kernels' mask of them.
  init(features: UInt32) { device = ck_device(kernels: ck_kernels_for(features), threads: 1, pool: nil) }

  /// Those of any processor: what only moves numbers is the same with all.
  static let any = MergeKernels(features: ck_cpu_features())

  /// Whether all magnitudes are at most a limit, which no NaN's is.
  func areWithin(_ values: [Float], _ limit: Float) -> Bool {
    values.withUnsafeBufferPointer { values in
      values.baseAddress.map { ck_within(device, $0, values.count, limit) } ?? true
    }
  }

  /// Stored numbers as floats.
  func widen(_ bytes: UnsafeRawBufferPointer, _ format: ck_stored, into values: UnsafeMutableBufferPointer<Float>) {
    guard let source = bytes.baseAddress, let target = values.baseAddress else { return }
    ck_convert(
      device, format, source, CK_F32, target, min(values.count, bytes.count / (format == CK_STORED_F32 ? 4 : 2)))
  }
}

extension ElementType {
  /// What kernels call a format of floats.
  var stored: ck_stored? {
    switch self {
    case .float32: CK_STORED_F32
    case .bfloat16: CK_STORED_BF16
    case .float16: CK_STORED_F16
    case .int32: nil
    }
  }
}

extension ck_device: @retroactive @unchecked Sendable {}

/// The product of two thin matrices, up [rows, rank] and down [rank, columns], that is added to a weight.
///
/// The second one is packed once, for all rows; each result is the sum over the ranks in their order, whichever rows are
/// asked for together.
final class LowRankProduct: @unchecked Sendable {  // Nothing changes after it was made.
  private let up: [Float]
  private let rank: Int
  private let columns: Int
  private let packed: UnsafeMutablePointer<Float>
  private let device: ck_device

  /// - Parameters:
  ///   - up: [rows, rank]
  ///   - down: [rank, columns]
  ///   - factor: what the product is multiplied by.
  init(_ up: [Float], _ down: [Float], rank: Int, columns: Int, factor: Float, _ kernels: MergeKernels) {
    self.up = factor == 1 ? up : up.map { $0 * factor }
    self.rank = rank
    self.columns = columns
    device = kernels.device
    var shape = ck_product_shape()
    (shape.in, shape.out, shape.kernel_height, shape.kernel_width) = (rank, columns, 1, 1)
    packed = .allocate(capacity: max(ck_packed_weight_count(device, shape), 1))
    down.withUnsafeBytes { elements in
      guard let address = elements.baseAddress else { return }
      let plain = ck_plain_weights(type: CK_STORED_F32, transposed: true, elements: address)
      _ = ck_pack_weights(device, shape, plain, CK_STORED_F32, packed)
    }
  }

  deinit { packed.deallocate() }

  /// Adds rows of the product to rows of a weight.
  func add(to rows: WeightRows) {
    up.withUnsafeBufferPointer { up in
      guard let start = up.baseAddress else { return }
      ck_add_low_rank(
        device, start + rows.range.lowerBound * rank, packed, rows.values, rows.range.count, rank, columns)
    }
  }

  /// The rows of the product themselves.
  func values(of range: Range<Int>) -> [Float] {
    [Float](unsafeUninitializedCapacity: range.count * columns) { buffer, count in
      buffer.initialize(repeating: 0)
      count = buffer.count
      if let start = buffer.baseAddress { add(to: WeightRows(range: range, values: start, columns: columns)) }
    }
  }
}
