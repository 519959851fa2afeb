/// A way in which a device is made to multiply. Values are stored in 16 or 32 bits and summed in 32 in all of them.
///
/// What a tier needs and what is chosen on it follows from its kernels, never from its name: a new one is a value here, and,
/// if it has kernels of its own, a case of `ProductKernels`.
package struct VulkanTier: Sendable, Hashable, CustomStringConvertible {
  /// As in `--vulkan-tier`.
  package let name: String
  /// The kernels that products may be computed with, the best first; the last takes any shape.
  let products: [ProductKernels]

  package var description: String { name }

  /// Small tiles, one element at a time: software drivers, and devices with little shared memory.
  package static let t0 = VulkanTier(name: "t0", products: [.plain])
  /// Large tiles in registers, loaded in vectors: graphics cards without matrix units.
  package static let t1 = VulkanTier(name: "t1", products: [.tiled, .plain])
  /// Matrix units, through `VK_KHR_cooperative_matrix`.
  package static let t2 = VulkanTier(name: "t2", products: [.matrices, .tiled, .plain])

  /// All of them, the simplest first.
  package static let all = [t0, t1, t2]

  /// Whether kernels that are no products, too, take the tiles that graphics cards are fast with.
  var usesLargeTiles: Bool { products.contains(.tiled) }

  package var usesMatrixUnits: Bool { products.contains(.matrices) }

  /// What a device lacks for it, such as `matrix units`; nil for a device that has all.
  package func missing(on traits: DeviceTraits) -> String? {
    products.compactMap { $0.missing(on: traits) }.first
  }

  /// Extensions to be turned on when a device is opened for it.
  func extensions(on traits: DeviceTraits) -> Set<DeviceExtension> {
    products.reduce(into: []) { $0.formUnion($1.extensions(on: traits)) }
  }
}

/// Kernels that multiply.
enum ProductKernels: Sendable, Hashable {
  /// Any shape, one element at a time: `matmul`, `conv2d`.
  case plain
  /// Results in registers, operands loaded in vectors of 16 bytes: `matmul_tiled`, `conv2d_tiled`.
  case tiled
  /// On matrix units: `matmul_coopmat`, `conv2d_coopmat`.
  case matrices

  func missing(on traits: DeviceTraits) -> String? {
    switch self {
    case .plain, .tiled: nil
    case .matrices: traits.matrixUnits == nil ? "matrix units" : nil
    }
  }

  func extensions(on traits: DeviceTraits) -> Set<DeviceExtension> {
    switch self {
    case .plain, .tiled: []
    case .matrices: traits.matrixExtensions
    }
  }
}
