import Foundation
import ImagineHub
import Synchronization

/// How far a fetch is, on the standard error: one line that is redrawn on a terminal, else one every ten seconds.
final class FetchDisplay: Sendable {
  private struct State {
    var drawnColumns = 0
    var lastTime = -Double.infinity
    /// Bytes that were there when it began.
    var first: Int?
    var isClosed = false
  }

  private let isInteractive = Terminal.isInteractive
  private let isQuiet: Bool
  private let start = ContinuousClock.now
  private let state = Mutex(State())

  init(isQuiet: Bool) { self.isQuiet = isQuiet }

  func show(_ progress: HubProgress) {
    guard !isQuiet else { return }
    let time = start.duration(to: .now) / .seconds(1)
    state.withLock { state in
      let first = state.first ?? progress.receivedBytes
      state.first = first
      guard !state.isClosed, time - state.lastTime >= (isInteractive ? 0.2 : 10) else { return }
      // Elsewhere than on a terminal the first line comes when there is something to say.
      if !isInteractive, state.lastTime < 0, time < 10 { return }
      state.lastTime = time
      let rate = time > 1 ? Double(progress.receivedBytes - first) / time : nil
      let line = FetchLine(style: isInteractive ? Terminal.style : .plain).text(progress, rate: rate)
      if isInteractive {
        StandardError.redraw(line, over: state.drawnColumns, width: Terminal.style.width)
        state.drawnColumns = Columns.count(line)
      } else {
        StandardError.write(line + "\n")
      }
    }
  }

  /// Ends the line, so that other things can be written.
  func close() {
    state.withLock { state in
      state.isClosed = true
      guard state.drawnColumns > 0 else { return }
      StandardError.redraw("", over: state.drawnColumns, width: Terminal.style.width)
      state.drawnColumns = 0
    }
  }
}

/// Progress of a fetch as one line of text.
struct FetchLine {
  let style: ProgressLine.Style

  /// `━━━━──────  41%  2.8/6.9 GB  31 MB/s  2 min 12 s left  unet/diffusion_pytorch_model.fp16.safetensors`
  ///
  /// - Parameter rate: bytes a second; nil where it is not known yet.
  func text(_ progress: HubProgress, rate: Double?) -> String {
    let limit = max(0, style.width - 1), received = progress.receivedBytes
    let bytes = progress.totalBytes.map { "\(Wording.bytes(received))/\(Wording.bytes($0))" } ?? Wording.bytes(received)
    let speed = rate.flatMap { $0 >= 1 ? "\(Wording.bytes(Int($0)))/s" : nil }
    let left = rate.flatMap { rate in
      progress.totalBytes.flatMap { rate >= 1 ? "\(Wording.duration(Double($0 - received) / rate)) left" : nil }
    }
    let fraction = progress.totalBytes.map { Double(received) / Double(max(1, $0)) }
    let percent = fraction.map { "\(min(100, Int($0 * 100)))%" }
    for parts in [
      [percent, bytes, speed, left, progress.file], [percent, bytes, speed, left], [percent, bytes], [percent ?? bytes],
    ] {
      let end = parts.compactMap { $0 }.joined(separator: "  ")
      let room = limit - Columns.count(end) - 2
      guard style.hasBar, let fraction, room >= 8 else {
        if Columns.count(end) <= limit { return end }
        continue
      }
      return ProgressLine(style: style).bar(fraction: fraction, width: min(24, room)) + "  " + end
    }
    return Columns.cut(bytes, limit)
  }
}
