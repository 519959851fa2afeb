import ImagineGraph
import Testing

@Suite struct BFloat16Tests {
  @Test(
    arguments: [
      (1.0, 0x3f80), (-2.0, 0xc000), (1.00390625, 0x3f80), (1.01171875, 0x3f82), (1.0039064, 0x3f81), (0.0, 0x0000),
      (-0.0, 0x8000), (.infinity, 0x7f80), (-.infinity, 0xff80), (.greatestFiniteMagnitude, 0x7f80), (.nan, 0x7fc0),
      (.leastNonzeroMagnitude, 0x0000), (.leastNormalMagnitude, 0x0080),
    ] as [(Float, UInt16)]) func roundsToNearestEven(value: Float, bits: UInt16)
  {
    #expect(BFloat16.bits(value) == bits)
  }

  @Test func everyPatternSurvives() {
    for bits in UInt16.min...UInt16.max where !BFloat16.float(bits).isNaN {
      #expect(BFloat16.bits(BFloat16.float(bits)) == bits)
    }
  }
}
