extension HostTensor {
  /// A copy of row-major elements in memory: integers stay integers, everything else becomes floats.
  package init(_ type: TensorType, readFrom address: UnsafeRawPointer) {
    let count = type.shape.count
    switch type.elementType {
    case .float32:
      let floats = UnsafeBufferPointer(start: address.assumingMemoryBound(to: Float.self), count: count)
      self.init(type.shape, Array(floats))
    case .float16:
      let bits = UnsafeBufferPointer(start: address.assumingMemoryBound(to: UInt16.self), count: count)
      self.init(type.shape, bits.map(HalfFloat.float))
    case .bfloat16:
      let bits = UnsafeBufferPointer(start: address.assumingMemoryBound(to: UInt16.self), count: count)
      self.init(type.shape, bits.map(BFloat16.float))
    case .int32:
      let integers = UnsafeBufferPointer(start: address.assumingMemoryBound(to: Int32.self), count: count)
      self.init(type.shape, Array(integers))
    }
  }

  /// Writes the elements, row-major, as a type that `Graph.complaint(about:)` has found fitting.
  package func write(as type: ElementType, to address: UnsafeMutableRawPointer) {
    switch (values, type) {
    case (.float(let floats), .float16):
      let bits = address.assumingMemoryBound(to: UInt16.self)
      for (index, value) in floats.enumerated() { bits[index] = HalfFloat.bits(value) }
    case (.float(let floats), .bfloat16):
      let bits = address.assumingMemoryBound(to: UInt16.self)
      for (index, value) in floats.enumerated() { bits[index] = BFloat16.bits(value) }
    case (.float(let floats), .float32), (.float(let floats), .int32):
      floats.withUnsafeBytes { copy($0, to: address) }
    case (.int32(let integers), _):
      integers.withUnsafeBytes { copy($0, to: address) }
    }
  }

  private func copy(_ bytes: UnsafeRawBufferPointer, to address: UnsafeMutableRawPointer) {
    if let start = bytes.baseAddress { address.copyMemory(from: start, byteCount: bytes.count) }
  }

  /// How many values there are, whatever the shape says.
  fileprivate var elementCount: Int {
    switch values {
    case .float(let floats): floats.count
    case .int32(let integers): integers.count
    }
  }
}

extension Graph {
  /// What keeps these values from being the graph's inputs, as a sentence; nil if nothing does.
  package func complaint(about values: [String: HostTensor]) -> String? {
    let expected = Dictionary(inputs.map { ($0.name, $0.type) }) { first, _ in first }
    for (name, type) in expected.sorted(by: { $0.key < $1.key }) {
      guard let tensor = values[name] else { return "Input \(name) is missing; feed \(type) at each run." }
      guard tensor.shape == type.shape, (tensor.elementType == .int32) == (type.elementType == .int32) else {
        return "Input \(name) is \(tensor.type); the graph was traced for \(type)."
      }
      guard tensor.elementCount == type.shape.count else {
        return "Input \(name) holds \(tensor.elementCount) elements, which do not fill \(type.shape)."
      }
    }
    if let unknown = values.keys.filter({ expected[$0] == nil }).min() {
      return "The graph has no input \(unknown); it has \(expected.keys.sorted().joined(separator: ", "))."
    }
    return nil
  }
}
