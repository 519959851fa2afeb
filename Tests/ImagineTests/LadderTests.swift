import ImagineGraph
import Testing

@testable import Imagine

/// The policy by itself: which step follows which failure.
struct LadderTests {
  private static let rich: [Ladder] = Stage.allCases.map { stage in
    Ladder(
      stage: stage, isGuided: stage == .denoising, tileableSide: stage == .decoding ? 96 : nil, othersHoldMemory: true,
      canReopen: true, hasProcessor: true)
  }

  /// Every step a stage takes if it fails in one way again and again.
  private func descent(_ ladder: Ladder, _ failure: BackendFailureKind) -> [Rung] {
    var ladder = ladder, footing = Footing(), rungs: [Rung] = []
    while let rung = ladder.rung(after: failure, at: footing), rungs.count < 20 {
      rungs.append(rung)
      footing = footing.stepping(rung)
      if rung == .reopening { ladder.canReopen = false }
      if rung == .alone { ladder.othersHoldMemory = false }
    }
    return rungs
  }

  @Test func memory() {
    let descents = Self.rich.map { descent($0, .outOfMemory) }
    #expect(descents[0] == [.alone, .processor])
    #expect(descents[1] == [.alone, .splitGuidance, .processor, .splitGuidance])
    let tiles = [64, 32, 16, 8].map(Rung.tiles)
    #expect(descents[2] == [.alone] + tiles + [.processor] + tiles)
  }

  @Test func limits() {
    #expect(descent(Self.rich[1], .unsupported) == [.splitGuidance, .processor, .splitGuidance])
    #expect(descent(Self.rich[0], .unsupported) == [.processor])
  }

  @Test func loss() {
    for ladder in Self.rich { #expect(descent(ladder, .deviceLost) == [.reopening, .processor]) }
  }

  @Test func overflow() {
    #expect(descent(Self.rich[0], .notFinite) == [.wide])
    #expect(descent(Self.rich[1], .notFinite) == [])
    #expect(descent(Self.rich[2], .notFinite) == [.wide])
    var wide = Self.rich[2]
    wide.isWide = true
    #expect(descent(wide, .notFinite) == [])
  }

  @Test func whatCannotBeMended() {
    for ladder in Self.rich { #expect(descent(ladder, .other) == []) }
    for failure in [BackendFailureKind.outOfMemory, .unsupported, .deviceLost] {
      #expect(descent(Ladder(stage: .text), failure) == [])
      #expect(descent(Ladder(stage: .decoding), failure) == [])
    }
  }

  /// A picture that is one tile anyway still gets a smaller one, as long as there is one.
  @Test(arguments: [(200, 128), (128, 64), (33, 32), (9, 8)]) func firstTile(_ side: Int, _ tile: Int) {
    let ladder = Ladder(stage: .decoding, tileableSide: side)
    #expect(ladder.rung(after: .outOfMemory, at: Footing()) == .tiles(tile))
  }

  @Test func widthSurvivesTheWayToTheProcessor() {
    var footing = Footing()
    for rung in [Rung.alone, .wide, .tiles(8), .processor] { footing = footing.stepping(rung) }
    #expect(footing.place == .processor && footing.isWide && footing.tile == nil && !footing.isAlone)
  }

  @Test func everyStepIsSaidInASentence() {
    for stage in Stage.allCases {
      for rung in [Rung.alone, .splitGuidance, .tiles(8), .wide, .reopening, .processor] {
        for failure in [BackendFailureKind.outOfMemory, .unsupported, .deviceLost, .notFinite] {
          let notice = rung.notice(stage, after: failure, at: Footing())
          #expect(notice?.hasSuffix(".") == true)
          #expect(notice?.contains("\n") == false)
        }
      }
    }
    #expect(Rung.tiles(8).notice(.decoding, after: .outOfMemory, at: Footing(tile: 16)) == nil)
  }
}
