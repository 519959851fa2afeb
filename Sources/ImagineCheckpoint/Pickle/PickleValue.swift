/// A value of a pickle. Others in it are numbers of places in the machine's list of values, so that values which hold
/// themselves, or each other a million times, take no more room than the instructions that made them.
enum PickleValue {
  case none
  case bool(Bool)
  case int(Int)
  case double(Double)
  case text(String)
  case tuple([Int])
  case list([Int])
  case dictionary([(key: Int, value: Int)])
  case global(PickleGlobal)
  case storage(PickleStorage)
  case tensor(PickleTensor)
  /// A dictionary of parameters whose state has not come yet.
  case parameterDictionary
  /// What no weight depends on.
  case inert
}

/// The numbers that tensors are views of.
struct PickleStorage: Hashable {
  /// Says where in the file they are.
  let key: UTF8Name
  /// nil for bytes.
  let format: StorageFormat?
  let byteCount: Int
}

/// A tensor all of whose elements lie in its storage.
struct PickleTensor {
  let storage: PickleStorage
  let format: StorageFormat
  /// In elements.
  let offset: Int
  let shape: [Int]
  /// nil for a tensor that lies row by row.
  let strides: [Int]?

  /// - Throws: `PickleFault` for one that is larger than possible, or reaches beyond its storage.
  init(
    _ storage: PickleStorage, _ format: StorageFormat, offset: Int, shape: [Int], strides: [Int]
  ) throws(PickleFault) {
    let limit = SafetensorsHeader.maximumExtent
    guard shape.count == strides.count, shape.count <= 64, offset >= 0, shape.allSatisfy({ 0...limit ~= $0 }),
      strides.allSatisfy({ $0 >= 0 }), let count = Self.product(shape)
    else { throw .damaged("a tensor has the shape \(shape.prefix(64)) and the strides \(strides.prefix(64))") }
    let capacity = storage.byteCount / format.bytesPerBlock
    let isRowByRow = Self.isRowByRow(shape, strides)
    if count > 0 {
      var last = offset
      for (size, stride) in zip(shape, strides) {
        let (distance, first) = (size - 1).multipliedReportingOverflow(by: stride)
        let (sum, second) = last.addingReportingOverflow(distance)
        guard !first, !second else { throw .damaged("a tensor reaches beyond its storage") }
        last = sum
      }
      // More elements than numbers would be the same ones many times: weights are not, and sizes must mean memory.
      guard last < capacity, count <= capacity else {
        throw .damaged("a tensor of the shape \(shape) reaches beyond its storage of \(capacity) elements")
      }
    }
    self.storage = storage
    self.format = format
    self.offset = count > 0 ? offset : 0
    self.shape = shape
    self.strides = count == 0 || isRowByRow ? nil : strides
  }

  private static func product(_ shape: [Int]) -> Int? {
    var count = 1
    for size in shape {
      let (product, overflow) = count.multipliedReportingOverflow(by: size)
      if overflow { return nil }
      count = product
    }
    return count
  }

  /// The stride of an axis with one element means nothing.
  private static func isRowByRow(_ shape: [Int], _ strides: [Int]) -> Bool {
    var expected = 1
    for (size, stride) in zip(shape, strides).reversed() where size != 1 {
      guard stride == expected else { return false }
      let (product, overflow) = expected.multipliedReportingOverflow(by: size)
      guard !overflow else { return false }
      expected = product
    }
    return true
  }

  /// Where the elements lie in a file whose part `place` is the storage.
  func info(_ name: UTF8Name, in place: Range<Int>) -> TensorInfo {
    let size = format.bytesPerBlock
    var elements = shape.reduce(1, *)
    if let strides { elements = zip(shape, strides).reduce(1) { $0 + ($1.0 - 1) * $1.1 } }
    let first = place.lowerBound + offset * size
    return TensorInfo(
      name: name, dataType: format, shape: shape, range: first..<first + elements * size, strides: strides)
  }
}

/// Why a pickle is not read.
enum PickleFault: Error {
  /// It asks for what only programs need.
  case refused(String)
  /// It is one with something, or of something, that is not read.
  case unsupported(String)
  /// It is not what its format says.
  case damaged(String)
}
