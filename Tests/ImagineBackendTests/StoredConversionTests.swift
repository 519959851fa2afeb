import CKernels
import ImagineGraph
import Testing

/// What files store, converted in vectors, is to the bit what it is converted element by element.
@Suite struct StoredConversionTests {
  /// Converts all but the first of `source`, so that vectors are not aligned and some elements are left over.
  private func convert<Stored: BitwiseCopyable, Result: FixedWidthInteger>(
    _ set: InstructionSet, _ from: ck_stored, _ source: [Stored], _ to: ck_type, _ result: Result.Type
  ) -> [Result] {
    var converted = [Result](repeating: 0, count: source.count - 1)
    set.withDevice(threads: 3) { device in
      source.withUnsafeBytes { bytes in
        guard let start = bytes.baseAddress else { return }
        ck_convert(device, from, start + MemoryLayout<Stored>.size, to, &converted, converted.count)
      }
    }
    return converted
  }

  @Test("All 65536 values of 16 bits", arguments: InstructionSet.all)
  func halves(_ set: InstructionSet) {
    let all = [0] + Array(UInt16.min...UInt16.max), values = all.dropFirst()
    #expect(convert(set, CK_STORED_F16, all, CK_F32, UInt32.self) == values.map { HalfFloat.float($0).bitPattern })
    #expect(convert(set, CK_STORED_F16, all, CK_BF16, UInt16.self) == values.map { BFloat16.bits(HalfFloat.float($0)) })
    #expect(convert(set, CK_STORED_BF16, all, CK_F32, UInt32.self) == values.map { BFloat16.float($0).bitPattern })
    #expect(convert(set, CK_STORED_BF16, all, CK_BF16, UInt16.self) == Array(values))
  }

  /// Every exponent of both signs with the low halves between which rounding changes.
  @Test("Values of 32 bits", arguments: InstructionSet.all)
  func floats(_ set: InstructionSet) {
    let lows: [UInt32] = [0, 1, 0x7fff, 0x8000, 0x8001, 0xffff]
    let bits: [UInt32] = [0] + (UInt32(0)..<0x1_0000).flatMap { high in lows.map { low in high << 16 | low } }
    let values = bits.dropFirst()
    #expect(convert(set, CK_STORED_F32, bits, CK_F32, UInt32.self) == Array(values))
    #expect(
      convert(set, CK_STORED_F32, bits, CK_BF16, UInt16.self) == values.map { BFloat16.bits(Float(bitPattern: $0)) })
  }
}
