/// The 64-bit FNV-1a hash (Fowler, Noll and Vo), the same in every run: for seeds and checksums, not against intent.
package func fnv1a(_ bytes: some Sequence<UInt8>) -> UInt64 {
  bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
}
