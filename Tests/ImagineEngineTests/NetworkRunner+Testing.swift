import ImagineCPU
import ImagineGraph
import ImagineModels
import ImagineTesting
import Synchronization

@testable import ImagineEngine

extension NetworkRunner {
  /// A model's networks on a backend that is the chosen device, in 32-bit floats.
  convenience init(_ opened: OpenedModel, on backend: any Backend, free: Int? = nil) {
    var settings = EngineSettings()
    settings.memory.free = { free }
    let device = OpenedDevice(backend, name: "a device for tests", preferredPrecision: .float32)
    self.init(
      opened, settings, on: ComputePlaces(device, precision: .float32), among: ResidentNetworks())
  }

  /// What a network makes of a picture of random values.
  ///
  /// - Parameter tile: nil for the whole picture at once.
  func values(
    _ role: Network.Role, _ shape: NetworkShape, tile: Int? = nil, notify: @escaping (String) -> Void = { _ in }
  ) throws -> HostTensor {
    guard let parts = self[role]?.tiling else { throw GraphError("\(role) does not work in tiles") }
    var policy = MemoryPolicy()
    policy.tiles[role] = tile
    let picture = Distribution.normal().tensor(TensorType(parts.inputShape(shape), .float32), seed: "\(role)")
    return try run(role, shape, [parts.input: picture], policy) { event in
      if case .notice(let notice) = event { notify(notice.message) }
    }[0]
  }
}
