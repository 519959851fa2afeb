/// How far the work is and how long it will take, from events and the times they came at. Times are in seconds.
struct Progress: Equatable {
  enum Stage: Equatable {
    case loading(String)
    /// The text is read and the first step runs; or some steps are done.
    case drawing(step: Int, count: Int)
    case decoding
  }

  private(set) var stage: Stage
  /// Of the picture being drawn, from 1; 0 before the first.
  private(set) var picture = 0
  private(set) var pictureCount = 1
  /// When the stage was entered.
  private(set) var stageStart: Double
  private(set) var pictureStart: Double
  private(set) var secondsPerStep: Double?

  /// Steps of the pictures not begun.
  private var stepsAhead: [Int] = []
  private var lastStep: Double
  private var durations: [Double] = []
  private var lastDecoding = 0.0

  init(loading name: String, at time: Double) {
    stage = .loading(name)
    stageStart = time
    pictureStart = time
    lastStep = time
  }

  /// Settles which pictures come, by their numbers of steps.
  mutating func plan(_ steps: [Int]) {
    stepsAhead = steps
    pictureCount = steps.count
  }

  mutating func beginPicture(steps: Int, at time: Double) {
    picture += 1
    if !stepsAhead.isEmpty { stepsAhead.removeFirst() }
    stage = .drawing(step: 0, count: steps)
    stageStart = time
    pictureStart = time
    lastStep = time
  }

  mutating func step(_ index: Int, of count: Int, at time: Double) {
    durations.append(time - lastStep)
    lastStep = time
    // The first steps tell little: weights are prepared and the text is read in them.
    let telling = durations.count > 1 ? durations.dropFirst().suffix(16) : durations[...]
    secondsPerStep = telling.reduce(0, +) / Double(telling.count)
    if index < count {
      stage = .drawing(step: index, count: count)
    } else {
      stage = .decoding
      stageStart = time
    }
  }

  /// - Returns: seconds the picture took.
  mutating func endPicture(at time: Double) -> Double {
    if stage == .decoding { lastDecoding = time - stageStart }
    return time - pictureStart
  }

  /// Seconds until the last picture is there; nil as long as nothing is known.
  func timeLeft(at time: Double) -> Double? {
    guard let secondsPerStep else { return nil }
    let ahead = stepsAhead.reduce(0) { $0 + Double($1) * secondsPerStep + lastDecoding }
    switch stage {
    case .loading: return nil
    case .drawing(let step, let count):
      return max(0, Double(count - step) * secondsPerStep - (time - lastStep)) + lastDecoding + ahead
    case .decoding:
      return max(0, lastDecoding - (time - stageStart)) + ahead
    }
  }
}
