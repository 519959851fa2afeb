import Testing

@testable import ImagineEngine

/// What becomes of a request, seeing what it takes and what there is.
@Suite struct MemoryDecisionTests {
  private func decision(_ full: Int?, _ low: Int?, free: Int) -> MemoryDecision {
    MemoryDecision(full: full, low: low, free: free)
  }

  @Test func decisions() {
    let gigabyte = 1_000_000_000
    #expect(decision(2 * gigabyte, gigabyte, free: 2 * gigabyte).notice == nil)
    #expect(!decision(2 * gigabyte, gigabyte, free: 2 * gigabyte).savesMemory)

    let turned = decision(2_540_000_000, 700_000_000, free: 1_960_000_000)
    #expect(turned.savesMemory && turned.refusal == nil)
    #expect(
      turned.notice?.message.contains("2.5 GB") == true && turned.notice?.message.contains("2.0 GB are free") == true)

    // Between what is free and a quarter more: a warning.
    let tight = decision(2 * gigabyte, nil, free: 1_700_000_000)
    #expect(
      !tight.savesMemory && tight.refusal == nil
        && tight.notice?.message.contains("a smaller size or drawing with little memory") == true)
    let hopeless = decision(2 * gigabyte, nil, free: 1_500_000_000)
    #expect(hopeless.notice == nil && hopeless.refusal?.message.contains("2.0 GB") == true)

    // Neither fits: the smaller one is tried.
    let smaller = decision(4 * gigabyte, 2 * gigabyte, free: 1_700_000_000)
    #expect(smaller.savesMemory && smaller.refusal == nil && smaller.notice != nil)
    #expect(decision(nil, gigabyte, free: gigabyte).notice == nil)
    #expect(decision(nil, gigabyte, free: gigabyte).savesMemory)
    #expect(decision(nil, 2 * gigabyte, free: gigabyte).refusal != nil)
  }
}
