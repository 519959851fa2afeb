package import ImagineGraph

/// A stored value that the wanted type cannot hold.
package struct UnrepresentableValue: Error {
  let index: Int
}

extension StorageFormat {
  /// Converts consecutive elements of this format to what a backend computes with.
  ///
  /// float16 and bfloat16 round to nearest even; NaN stays NaN; wider formats than float32 pass through float32. Integers
  /// from floats round to nearest: some merges store token positions as slightly damaged floats.
  ///
  /// - Parameters:
  ///   - source: little-endian elements at any alignment; whole blocks.
  ///   - destination: room for exactly as many elements of `type`.
  /// - Throws: `UnrepresentableValue` for an integer outside 32 bits.
  package func convert(
    _ source: UnsafeRawBufferPointer, to type: ElementType, into destination: UnsafeMutableRawBufferPointer
  ) throws(UnrepresentableValue) {
    switch (self, type) {
    case (.float32, .float32), (.float16, .float16), (.bfloat16, .bfloat16), (.int32, .int32):
      destination.copyMemory(from: source)
    case (_, .float32):
      convert(source, into: destination, as: UInt32.self) { $0.bitPattern }
    case (_, .float16):
      convert(source, into: destination, as: UInt16.self) { HalfFloat.bits($0) }
    case (_, .bfloat16):
      convert(source, into: destination, as: UInt16.self) { BFloat16.bits($0) }
    case (_, .int32):
      try convertToIntegers(source, into: destination)
    }
  }

  @inline(__always)
  private func convert<Result: BitwiseCopyable>(
    _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer, as result: Result.Type,
    _ encode: (Float) -> Result
  ) {
    switch self {
    case .blocks(let format): convertBlocks(format.block, source, destination, encode)
    case .float64: convertAll(Stored.Float64.self, source, destination, encode)
    case .float32: convertAll(Stored.Float32.self, source, destination, encode)
    case .float16: convertAll(Stored.Float16.self, source, destination, encode)
    case .bfloat16: convertAll(Stored.BFloat16.self, source, destination, encode)
    case .float8E4M3: convertAll(Stored.Float8E4M3.self, source, destination, encode)
    case .float8E5M2: convertAll(Stored.Float8E5M2.self, source, destination, encode)
    case .int64: convertAll(Stored.Integer<Int64>.self, source, destination, encode)
    case .int32: convertAll(Stored.Integer<Int32>.self, source, destination, encode)
    case .int16: convertAll(Stored.Integer<Int16>.self, source, destination, encode)
    case .int8: convertAll(Stored.Integer<Int8>.self, source, destination, encode)
    case .uint64: convertAll(Stored.Integer<UInt64>.self, source, destination, encode)
    case .uint32: convertAll(Stored.Integer<UInt32>.self, source, destination, encode)
    case .uint16: convertAll(Stored.Integer<UInt16>.self, source, destination, encode)
    case .uint8, .bool: convertAll(Stored.Integer<UInt8>.self, source, destination, encode)
    }
  }

  private func convertToIntegers(
    _ source: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer
  ) throws(UnrepresentableValue) {
    switch self {
    case .blocks(let format):
      try withUnsafeTemporaryAllocation(byteCount: destination.count, alignment: 4) {
        floats throws(UnrepresentableValue) in
        convertBlocks(format.block, source, floats) { $0.bitPattern }
        try StorageFormat.float32.convertToIntegers(UnsafeRawBufferPointer(floats), into: destination)
      }
    case .int64: try convertExactly(Int64.self, source, destination)
    case .int32: try convertExactly(Int32.self, source, destination)
    case .int16: try convertExactly(Int16.self, source, destination)
    case .int8: try convertExactly(Int8.self, source, destination)
    case .uint64: try convertExactly(UInt64.self, source, destination)
    case .uint32: try convertExactly(UInt32.self, source, destination)
    case .uint16: try convertExactly(UInt16.self, source, destination)
    case .uint8, .bool: try convertExactly(UInt8.self, source, destination)
    case .float64: try convertRounding(UInt64.self, source, destination) { Double(bitPattern: $0) }
    case .float32: try convertRounding(UInt32.self, source, destination) { Double(Float(bitPattern: $0)) }
    case .float16: try convertRounding(UInt16.self, source, destination) { Double(Stored.Float16.float($0)) }
    case .bfloat16: try convertRounding(UInt16.self, source, destination) { Double(Stored.BFloat16.float($0)) }
    case .float8E4M3: try convertRounding(UInt8.self, source, destination) { Double(Stored.Float8E4M3.float($0)) }
    case .float8E5M2: try convertRounding(UInt8.self, source, destination) { Double(Stored.Float8E5M2.float($0)) }
    }
  }
}

/// The bulk loop: specialised for each pair of formats, it has no branches, so the compiler vectorises it.
@inline(__always)
private func convertAll<Number: StoredNumber, Result: BitwiseCopyable>(
  _ number: Number.Type, _ source: UnsafeRawBufferPointer, _ destination: UnsafeMutableRawBufferPointer,
  _ encode: (Float) -> Result
) {
  let step = MemoryLayout<Number.Bits>.size
  let resultStep = MemoryLayout<Result>.size
  guard let start = source.baseAddress, let end = destination.baseAddress else { return }
  for index in 0..<min(source.count / step, destination.count / resultStep) {
    let bits = start.loadUnaligned(fromByteOffset: index &* step, as: Number.Bits.self)
    end.storeBytes(of: encode(Number.float(bits)), toByteOffset: index &* resultStep, as: Result.self)
  }
}

/// Blocks that are read before their values are encoded: few enough to stay in the nearest cache.
private let blocksAtOnce = 16

/// The same for quantised formats, by way of floats.
@inline(__always)
private func convertBlocks<Result: BitwiseCopyable>(
  _ block: any QuantisedBlock.Type, _ source: UnsafeRawBufferPointer, _ destination: UnsafeMutableRawBufferPointer,
  _ encode: (Float) -> Result
) {
  guard let start = source.baseAddress else { return }
  let count = source.count / block.bytes, resultBytes = block.elements * MemoryLayout<Result>.size
  withUnsafeTemporaryAllocation(of: Float.self, capacity: blocksAtOnce * block.elements) { values in
    guard let floats = values.baseAddress else { return }
    for first in stride(from: 0, to: count, by: blocksAtOnce) {
      let blocks = first..<min(first + blocksAtOnce, count)
      block.read(start + first * block.bytes, count: blocks.count, into: floats)
      convertAll(
        Stored.Float32.self, UnsafeRawBufferPointer(start: floats, count: blocks.count * block.elements * 4),
        UnsafeMutableRawBufferPointer(
          rebasing: destination[blocks.lowerBound * resultBytes..<blocks.upperBound * resultBytes]), encode)
    }
  }
}

private func convertExactly<Integer: FixedWidthInteger & BitwiseCopyable>(
  _ type: Integer.Type, _ source: UnsafeRawBufferPointer, _ destination: UnsafeMutableRawBufferPointer
) throws(UnrepresentableValue) {
  let step = MemoryLayout<Integer>.size
  for index in 0..<min(source.count / step, destination.count / 4) {
    let value = source.loadUnaligned(fromByteOffset: index &* step, as: Integer.self)
    guard let result = Int32(exactly: value) else { throw UnrepresentableValue(index: index) }
    destination.storeBytes(of: result, toByteOffset: index &* 4, as: Int32.self)
  }
}

private func convertRounding<Bits: FixedWidthInteger & BitwiseCopyable>(
  _ type: Bits.Type, _ source: UnsafeRawBufferPointer, _ destination: UnsafeMutableRawBufferPointer,
  _ decode: (Bits) -> Double
) throws(UnrepresentableValue) {
  let step = MemoryLayout<Bits>.size
  for index in 0..<min(source.count / step, destination.count / 4) {
    let value = decode(source.loadUnaligned(fromByteOffset: index &* step, as: Bits.self))
    guard let result = Int32(exactly: value.rounded(.toNearestOrEven)) else { throw UnrepresentableValue(index: index) }
    destination.storeBytes(of: result, toByteOffset: index &* 4, as: Int32.self)
  }
}
