/// The product of two shades of which 255 is one, rounded, as Pillow's `MULDIV255` computes it.
func product(_ a: UInt8, _ b: UInt8) -> UInt8 {
  let product = UInt32(a) * UInt32(b) + 128
  return UInt8((product >> 8 + product) >> 8)
}
