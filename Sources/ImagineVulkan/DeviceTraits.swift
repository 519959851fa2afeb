/// What a device reports that decides how it can be made to multiply.
package struct DeviceTraits: Sendable, Hashable {
  /// PCI numbers of who made it and of the product.
  package var vendor: UInt32, product: UInt32
  /// Invocations of a subgroup unless a kernel asks for another number.
  package var subgroupSize: Int
  /// What a kernel may ask for.
  package var subgroupSizes: ClosedRange<Int>
  /// Whether compute kernels may ask, and get subgroups without gaps.
  package var setsSubgroupSize: Bool
  package var has16BitFloats: Bool
  /// Vulkan's memory model, up to the scope of the whole device.
  package var hasMemoryModel: Bool
  /// Whether subgroups can ask if something is so for any invocation of theirs.
  package var hasSubgroupVote: Bool
  /// What `VK_KHR_cooperative_matrix` multiplies; empty without it.
  package var matrices: [CooperativeMatrix]
  /// Whether matrices of sums can become matrices of operands where they are.
  package var convertsMatrices: Bool

  package init(
    vendor: UInt32, product: UInt32, subgroupSize: Int, subgroupSizes: ClosedRange<Int>, setsSubgroupSize: Bool,
    has16BitFloats: Bool, hasMemoryModel: Bool, hasSubgroupVote: Bool, matrices: [CooperativeMatrix],
    convertsMatrices: Bool
  ) {
    self.vendor = vendor
    self.product = product
    self.subgroupSize = subgroupSize
    self.subgroupSizes = subgroupSizes
    self.setsSubgroupSize = setsSubgroupSize
    self.has16BitFloats = has16BitFloats
    self.hasMemoryModel = hasMemoryModel
    self.hasSubgroupVote = hasSubgroupVote
    self.matrices = matrices
    self.convertsMatrices = convertsMatrices
  }
}

/// A product of small matrices that a device computes at once: [rows, depth] times [depth, columns].
package struct CooperativeMatrix: Sendable, Hashable {
  package let rows: Int, columns: Int, depth: Int
  /// Whether it takes 16-bit floats, sums in 32-bit ones, and is spread over a subgroup.
  package let isHalfToFloatOfSubgroup: Bool

  package init(rows: Int, columns: Int, depth: Int, isHalfToFloatOfSubgroup: Bool = true) {
    self.rows = rows
    self.columns = columns
    self.depth = depth
    self.isHalfToFloatOfSubgroup = isHalfToFloatOfSubgroup
  }
}

/// How kernels use a device's matrix units.
package struct MatrixUnits: Sendable, Hashable {
  package let matrix: CooperativeMatrix
  /// Invocations that share one.
  package let subgroupSize: Int
  /// Whether a matrix of sums can become a left matrix where it is.
  package let converts: Bool

  /// Subgroups of graphics cards with matrix units have 16 invocations or more.
  var isOfSoftware: Bool { subgroupSize < 16 }
}

extension DeviceTraits {
  /// Nil where kernels on matrix units cannot run, or would be slower than others.
  package var matrixUnits: MatrixUnits? {
    let size = vendor == Vendor.intel ? 16 : subgroupSize
    guard has16BitFloats, hasMemoryModel, hasSubgroupVote, setsSubgroupSize, subgroupSizes.contains(size), !isDenied
    else { return nil }
    let fitting = matrices.filter { $0.fits(subgroupSize: size) }
    return fitting.max { $0.work < $1.work }.map {
      MatrixUnits(matrix: $0, subgroupSize: size, converts: convertsMatrices && $0.columns == $0.depth)
    }
  }

  /// Those that kernels on matrix units use.
  var matrixExtensions: Set<DeviceExtension> {
    matrixUnits.map { $0.converts ? [.matrices, .matrixConversions] : [.matrices] } ?? []
  }

  private enum Vendor {
    static let intel: UInt32 = 0x8086
  }

  /// Products whose drivers offer matrix units that are no gain.
  private static let denied: [(vendor: UInt32, products: ClosedRange<UInt32>)] = [
    // Alchemist (Arc A series, Flex): kernels on its matrix units were measured up to a thousand times slower than others
    // (ggml-org/llama.cpp pull request 24404).
    (Vendor.intel, 0x5600...0x56ff)
  ]

  private var isDenied: Bool {
    Self.denied.contains { $0.vendor == vendor && $0.products.contains(product) }
  }
}

extension CooperativeMatrix {
  fileprivate var work: Int { rows * columns * depth }

  /// Kernels load rows in chunks of 8, and give each row of a matrix as many invocations as any other.
  fileprivate func fits(subgroupSize: Int) -> Bool {
    isHalfToFloatOfSubgroup && [rows, columns, depth].allSatisfy([8, 16].contains) && subgroupSize % rows == 0
  }
}
