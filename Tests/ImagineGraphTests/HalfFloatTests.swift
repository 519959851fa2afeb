import ImagineGraph
import Testing

@Suite struct HalfFloatTests {
  @Test(
    arguments: [
      (1.0, 0x3c00), (-2.0, 0xc000), (0x1.002p0, 0x3c00), (0x1.006p0, 0x3c02), (0x1.00201p0, 0x3c01), (0.0, 0x0000),
      (-0.0, 0x8000), (.infinity, 0x7c00), (-.infinity, 0xfc00), (65504, 0x7bff), (65519.99, 0x7bff), (65520, 0x7c00),
      (-1e30, 0xfc00), (.nan, 0x7e00), (0x1p-14, 0x0400), (0x1p-24, 0x0001), (0x1p-25, 0x0000), (0x1.8p-24, 0x0002),
      (0x1.001p-25, 0x0001), (0x1.ffep-15, 0x0400), (.leastNonzeroMagnitude, 0x0000),
    ] as [(Float, UInt16)]) func roundsToNearestEven(value: Float, bits: UInt16)
  {
    #expect(HalfFloat.bits(value) == bits)
  }

  @Test func everyPatternSurvives() {
    for bits in UInt16.min...UInt16.max where !HalfFloat.float(bits).isNaN {
      #expect(HalfFloat.bits(HalfFloat.float(bits)) == bits)
    }
  }

  #if !(os(macOS) && arch(x86_64))
    @Test func agreesWithTheCompilersType() {
      for bits in UInt16.min...UInt16.max where !HalfFloat.float(bits).isNaN {
        #expect(HalfFloat.float(bits) == Float(Float16(bitPattern: bits)))
      }
      for step in 0..<200_000 as Range<UInt32> {
        let value = Float(bitPattern: step &* 21_499)
        if !value.isNaN { #expect(HalfFloat.bits(value) == Float16(value).bitPattern) }
      }
    }
  #endif
}
