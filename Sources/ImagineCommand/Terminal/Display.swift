import Foundation
import Imagine
import Synchronization

/// What the person sees on the standard error, and the paths of pictures on the standard output.
///
/// On a terminal one line is redrawn; elsewhere there is a line every ten seconds. The cursor is never hidden, so
/// nothing needs to be put right however the process ends.
final class Display: Sendable {
  private struct State {
    var progress: Progress?
    /// Columns of the progress line on the screen; 0 if there is none.
    var drawnColumns = 0
    var lastPlainLine = 0.0
    var isStopping = false
    var saved = 0
    var redrawing: Task<Void, Never>?
    /// Nil where none are shown.
    var pictures: ShownPictures?
  }

  /// Seconds between two lines of progress where they cannot be redrawn.
  private static let plainInterval = 10.0

  private let verbosity: Verbosity
  private let isInteractive: Bool
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  /// - Parameter previews: whether pictures are shown, too.
  init(verbosity: Verbosity, previews: PreviewOptions? = nil) {
    self.verbosity = verbosity
    isInteractive = verbosity > .errors && Terminal.isInteractive
    let pictures = previews.flatMap { ShownPictures($0) }
    state.withLock { $0.pictures = pictures }
    if previews?.shows == true, pictures == nil {
      note("This terminal is not known to show pictures: choose how with --show-as, such as blocks.")
    }
  }

  private var time: Double { start.duration(to: .now) / .seconds(1) }

  // MARK: Progress

  func loading(_ name: String) {
    update { state in
      state.progress = Progress(loading: TerminalText.visible(name), at: time)
      guard verbosity > .errors, !isInteractive else { return }
      line("loading \(name)", &state)
    }
    guard isInteractive else { return }
    let task = Task { [weak self] in
      while !Task.isCancelled, let self {
        update { _ in }
        try? await Task.sleep(for: .milliseconds(500))
      }
    }
    state.withLock { $0.redrawing = task }
  }

  /// - Parameter most: how many of the pictures are drawn at most.
  func start(pictures: Int, steps: Int, most: Int) {
    update { $0.progress?.plan(pictures: pictures, steps: steps, most: most) }
  }

  func picture(_ request: GenerationRequest) {
    update { $0.progress?.beginPicture(steps: request.stepCount, at: time) }
  }

  func step(_ index: Int, of count: Int) {
    update { $0.progress?.step(index, of: count, at: time) }
  }

  /// A picture is about to be made larger that is there already.
  func enlarging() {
    update { $0.progress?.beginPicture(steps: 0, at: time) }
  }

  func upscaling(_ progress: UpscalingProgress) {
    update { $0.progress?.upscale(progress.index, of: progress.count, at: time) }
  }

  func stage(_ stage: GenerationStage) {
    update { state in
      if case .preparing(let network) = stage {
        state.progress?.prepare(network, at: time)
      } else if let (network, seconds) = state.progress?.goOn(at: time), verbosity >= .details {
        line("  the \(network) was ready after \(Wording.duration(seconds, precise: true))", &state)
      }
    }
  }

  /// Leaves out a picture that needs not be drawn.
  func skipPicture(steps: Int) {
    update { $0.progress?.skipPicture(steps: steps) }
  }

  /// Forgets a picture that failed.
  func forgetPicture() {
    update { _ = $0.progress?.endPicture(at: time) }
  }

  /// Shows a picture above the progress; one on its way makes room for the next.
  func show(_ size: Size, _ pixels: [UInt8], isFinished: Bool) {
    update { state in
      guard state.pictures != nil else { return }
      erase(&state)
      if let bytes = state.pictures?.bytes(size, pixels, staysAbove: isFinished) { StandardError.draw(bytes) }
    }
  }

  /// A picture is drawn: if it is on the disk, its path goes to the standard output.
  ///
  /// - Parameter size: of the picture, which may be larger than what was asked for at first.
  func saved(_ outcome: PictureFolder.Outcome, _ job: PictureJob, _ size: Size) throws {
    try state.withLock { state in
      erase(&state)
      if outcome != .isThere { state.saved += 1 }
      if case .saved(let path, _) = outcome { try StandardOutput.write(path + "\n") }
      guard verbosity > .errors, var progress = state.progress else { return }
      if case .saved(let path, let wanted?) = outcome {
        line("'\(wanted)' exists, so the name is '\(path)'.", &state)
      }
      let seconds = progress.endPicture(at: time)
      let rate = progress.secondsPerStep.map { ", \(Wording.rate(secondsPerStep: $0))" } ?? ""
      let steps = Wording.count(progress.steps, "step", "steps")
      line(
        "\(size), \(steps)\(rate), seed \(job.seed): \(Wording.duration(seconds, precise: true))",
        &state)
      if verbosity >= .details, case .decoding = progress.stage {
        line(
          "  steps \(Wording.duration(progress.stageStart - progress.pictureStart, precise: true)), decoding and saving "
            + Wording.duration(time - progress.stageStart, precise: true), &state)
      }
      state.progress = progress
    }
  }

  /// A picture was made larger: if it is on the disk, its path goes to the standard output.
  func enlarged(_ outcome: PictureFolder.Outcome, _ size: Size) throws {
    try state.withLock { state in
      erase(&state)
      state.saved += 1
      if case .saved(let path, _) = outcome { try StandardOutput.write(path + "\n") }
      guard verbosity > .errors, var progress = state.progress else { return }
      if case .saved(let path, let wanted?) = outcome {
        line("'\(wanted)' exists, so the name is '\(path)'.", &state)
      }
      line("\(size): \(Wording.duration(progress.endPicture(at: time), precise: true))", &state)
      state.progress = progress
    }
  }

  /// Ends the progress, so that other things can be written.
  func close() {
    state.withLock { state in
      state.redrawing?.cancel()
      state.progress = nil
      erase(&state)
    }
  }

  /// Sums up when all is done.
  func finish(skipped: Int, failed: Int) {
    close()
    state.withLock { state in
      if verbosity >= .details, let bytes = PeakMemory.bytes {
        line("the most memory of the process: \(Quantity.megabytes(bytes))", &state)
      }
      guard verbosity > .errors, state.saved + skipped + failed > 1 else { return }
      let parts = [
        "\(Wording.count(state.saved, "picture", "pictures")) in \(Wording.duration(time, precise: true))",
        skipped > 0 ? "\(skipped) skipped because they exist" : nil,
        failed > 0 ? "\(failed) failed" : nil,
      ]
      line(parts.compactMap { $0 }.joined(separator: ", "), &state)
    }
  }

  // MARK: Messages

  /// Something the person should know.
  func note(_ text: String) { message(text, from: .normal) }

  /// Something for the curious.
  func detail(_ text: String) { message(text, from: .details) }

  /// Something from the library's log.
  func log(_ text: String) { message(text, from: .log) }

  func error(_ text: String) { message("imagine: \(text)", from: .errors) }

  /// The first Ctrl-C has come.
  func stopping() {
    state.withLock { $0.isStopping = true }
    message("stopping; once more to stop at once", from: .normal)
  }

  /// The process ends because it was told to.
  func stopped() {
    state.withLock { state in
      erase(&state)
      if verbosity > .errors { line("imagine: stopped", &state) }
    }
  }

  private func message(_ text: String, from level: Verbosity) {
    guard verbosity >= level else { return }
    update { line(text, &$0) }
  }

  // MARK: Drawing

  private func update(_ change: (inout State) -> Void) {
    state.withLock { state in
      change(&state)
      guard verbosity > .errors, !state.isStopping, let progress = state.progress else { return }
      let now = time
      if isInteractive {
        let style = Terminal.style
        let text = ProgressLine(style: style).text(progress, at: now)
        StandardError.redraw(text, over: state.drawnColumns, width: style.width)
        state.drawnColumns = Columns.count(text)
      } else if now - state.lastPlainLine >= Self.plainInterval {
        line(ProgressLine(style: .plain).text(progress, at: now), &state)
      }
    }
  }

  /// Writes a line of its own above the progress.
  private func line(_ text: String, _ state: inout State) {
    erase(&state)
    state.pictures?.leave()
    StandardError.write(text + "\n")
    state.lastPlainLine = time
  }

  private func erase(_ state: inout State) {
    guard state.drawnColumns > 0 else { return }
    StandardError.redraw("", over: state.drawnColumns, width: Terminal.style.width)
    state.drawnColumns = 0
  }
}
