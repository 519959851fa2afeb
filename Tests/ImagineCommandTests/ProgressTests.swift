import Testing

@testable import ImagineCommand

@Suite struct ProgressTests {
  private func drawing() -> Progress {
    var progress = Progress(loading: "model", at: 0)
    progress.plan(pictures: 2, steps: 20)
    progress.beginPicture(steps: 10, at: 1)
    progress.step(1, of: 10, at: 6)
    progress.step(2, of: 10, at: 8)
    progress.step(3, of: 10, at: 10)
    return progress
  }

  @Test func theFirstStepDoesNotCountOnceThereAreOthers() {
    var progress = Progress(loading: "model", at: 0)
    progress.beginPicture(steps: 4, at: 0)
    #expect(progress.timeLeft(at: 0) == nil)
    progress.step(1, of: 4, at: 5)
    #expect(progress.secondsPerStep == 5)
    progress.step(2, of: 4, at: 7)
    #expect(progress.secondsPerStep == 2)
  }

  @Test func timeLeftCountsThisPictureAndThoseAhead() {
    var progress = drawing()
    // Seven steps of this picture and ten of the next, two seconds each, and decoding twice, three seconds each.
    #expect(progress.timeLeft(at: 10) == 40.0)
    #expect(progress.timeLeft(at: 11) == 39.0)
    progress.step(10, of: 10, at: 24)
    #expect(progress.stage == .decoding)
    #expect(progress.endPicture(at: 27) == 26)
    progress.beginPicture(steps: 10, at: 27)
    // The first picture told how long decoding takes.
    let perStep = progress.secondsPerStep ?? 0
    #expect(progress.timeLeft(at: 27) == 10 * perStep + 3)
  }

  @Test func preparingTakesNoPartOfAStep() {
    var progress = Progress(loading: "model", at: 0)
    progress.beginPicture(steps: 20, at: 1)
    progress.prepare("text encoder", at: 1)
    #expect(progress.goOn(at: 2)?.seconds == 1)
    progress.prepare("UNet", at: 2)
    #expect(progress.stage == .preparing("UNet") && progress.timeLeft(at: 9) == nil)
    #expect(ProgressLine(style: .plain).text(progress, at: 9) == "preparing the UNet  7 s")
    #expect(progress.goOn(at: 10)?.network == "UNet")
    #expect(progress.stage == .drawing(step: 0, count: 20))
    #expect(progress.goOn(at: 11) == nil)
    progress.step(1, of: 20, at: 12)
    // Twenty steps of two seconds in all: the first is known, and eight seconds of weights are not in it.
    #expect(progress.timeLeft(at: 12) == 41.0)
  }

  @Test func skippedPicturesAreCountedAndTakeNoTime() {
    var progress = Progress(loading: "model", at: 0)
    progress.plan(pictures: 3, steps: 30)
    progress.skipPicture(steps: 10)
    progress.beginPicture(steps: 10, at: 0)
    progress.step(1, of: 10, at: 1)
    #expect(progress.picture == 2 && progress.pictureCount == 3)
    #expect(progress.timeLeft(at: 1) == 22.0)
  }

  @Test func morePicturesThanAreDrawn() {
    var progress = Progress(loading: "model", at: 0)
    progress.plan(pictures: 30_000_000, steps: 300_000_000, most: 100)
    for _ in 0..<50 { progress.skipPicture(steps: 10) }
    progress.beginPicture(steps: 10, at: 0)
    progress.step(1, of: 10, at: 1)
    #expect(progress.picture == 1 && progress.pictureCount == 100)
    // Nine steps of this picture, ninety-nine more of ten each, and decoding a hundred times.
    #expect(progress.timeLeft(at: 1) == 1149)
  }

  @Test func linesFitTheTerminal() {
    for width in 0...120 {
      let style = ProgressLine.Style(width: width)
      for progress in [Progress(loading: "a-model-with-a-name.safetensors", at: 0), drawing()] {
        #expect(ProgressLine(style: style).text(progress, at: 12).count <= max(0, width - 1), "\(width)")
      }
    }
  }

  @Test func lines() {
    let wide = ProgressLine(style: .init(width: 90))
    #expect(wide.text(Progress(loading: "m", at: 0), at: 3) == "loading m  3 s")
    #expect(
      wide.text(drawing(), at: 10)
        == "picture 1/2  #########---------------------  30%  3/10  2.00 s/step  40 s left")
    #expect(ProgressLine(style: .init(width: 40)).text(drawing(), at: 10) == "picture 1/2  ####-----------  30%  3/10")
    #expect(ProgressLine(style: .plain).text(drawing(), at: 10) == "picture 1/2  30%  3/10  2.00 s/step  40 s left")
    #expect(ProgressLine(style: .init(width: 5)).text(drawing(), at: 10) == "30%")
  }

  @Test func aLineThatNoLongerFitsIsClearedWhole() {
    #expect(ProgressLine.clearing(columns: 0, width: 80) == "\r\u{1B}[K")
    #expect(ProgressLine.clearing(columns: 40, width: 40) == "\r\u{1B}[K")
    #expect(ProgressLine.clearing(columns: 79, width: 40) == "\r\u{1B}[1A\u{1B}[J")
    #expect(ProgressLine.clearing(columns: 81, width: 40) == "\r\u{1B}[2A\u{1B}[J")
    #expect(ProgressLine.clearing(columns: 79, width: 0) == "\r\u{1B}[K")
  }

  @Test func columns() {
    #expect(Columns.count("\u{1B}[32m━━\u{1B}[2;39m─\u{1B}[0m 3%") == 6)
    #expect(Columns.count("家 ж é 😀") == 9)
    #expect(Columns.cut("家家家", 5) == "家家")
    let loading = Progress(loading: String(repeating: "家", count: 60), at: 0)
    for width in 1...100 {
      #expect(Columns.count(ProgressLine(style: .init(width: width)).text(loading, at: 1)) <= width - 1)
    }
  }

  @Test func colourOnlyWhereItIsWanted() {
    let plain = ProgressLine(style: .init(width: 80, hasUnicode: true)).text(drawing(), at: 10)
    #expect(!plain.contains("\u{1B}"))
    #expect(plain.contains("━"))
    #expect(ProgressLine(style: .init(width: 80, hasColor: true)).text(drawing(), at: 10).contains("\u{1B}[0m"))
  }

  @Test func onePictureIsNotCounted() {
    var progress = Progress(loading: "model", at: 0)
    progress.plan(pictures: 1, steps: 4)
    progress.beginPicture(steps: 4, at: 0)
    #expect(ProgressLine(style: .plain).text(progress, at: 2) == "0%  0/4  2 s")
  }

  @Test(arguments: [
    (0.0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (185, "3 min 05 s"), (7500, "2 h 05 min"),
    (.infinity, "very long"),
    (-3, "0 s"),
  ])
  func durations(_ seconds: Double, _ text: String) {
    #expect(Wording.duration(seconds) == text)
  }

  @Test func rates() {
    #expect(Wording.rate(secondsPerStep: 1.234) == "1.23 s/step")
    #expect(Wording.rate(secondsPerStep: 0.25) == "4.0 steps/s")
    #expect(Wording.rate(secondsPerStep: 0) == "0.00 s/step")
    #expect(Wording.duration(9.876, precise: true) == "9.88 s")
    #expect(Wording.duration(12.34, precise: true) == "12.3 s")
  }
}
