import ImagineGraph

/// Sets a flag, one 32-bit word that is 0 before, to 1 if a value is infinite or no number.
func findNonFinite(in x: Value, flag: BufferSpan) throws -> Dispatch {
  let perInvocation = x.type.elementType.lanes
  return Dispatch(
    "find_non_finite_\(try x.type.elementType.kernelSuffix)", [:], [x.span], result: flag,
    constants: [try x.count.word],
    workgroups: Dispatch.workgroups(for: (x.count + perInvocation - 1) / perInvocation, size: 256))
}
