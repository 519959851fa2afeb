/// How far the work is and how long it will take, from events and the times they came at. Times are in seconds.
struct Progress: Equatable {
  enum Stage: Equatable {
    case loading(String)
    /// A network is made ready; its name. What it is for goes on afterwards.
    case preparing(String)
    /// The text is read and the first step runs; or some steps are done.
    case drawing(step: Int, count: Int)
    case decoding
    /// A picture is made larger, and so many parts of it are done.
    case upscaling(part: Int, count: Int)
  }

  private(set) var stage: Stage
  /// Of the picture being drawn, from 1; 0 before the first.
  private(set) var picture = 0
  private(set) var pictureCount = 1
  /// When the stage was entered.
  private(set) var stageStart: Double
  private(set) var pictureStart: Double
  private(set) var secondsPerStep: Double?
  /// Steps of the picture that are done, in all its passes.
  private(set) var steps = 0

  /// Of pictures not begun, the picture being drawn aside: their number, and their steps.
  private var picturesAhead = 0
  private var stepsAhead = 0
  /// Whether more pictures are asked for than are drawn.
  private var isCut = false
  /// What a network is being prepared for.
  private var interrupted: Stage?
  private var lastStep: Double
  private var durations: [Double] = []
  private var lastDecoding: Double?
  /// Steps that decoding takes about as long as, until a picture has told: it is so with the networks of SD 1.x.
  private static let decodingInSteps = 1.5

  init(loading name: String, at time: Double) {
    stage = .loading(name)
    stageStart = time
    pictureStart = time
    lastStep = time
  }

  /// Settles how many pictures come, and how many steps they take together.
  ///
  /// - Parameter most: how many of them are drawn at most; those left out do not count then.
  mutating func plan(pictures: Int, steps: Int, most: Int = .max) {
    isCut = pictures > most
    pictureCount = min(pictures, most)
    picturesAhead = pictureCount
    stepsAhead = isCut ? Int(Double(steps) * Double(most) / Double(pictures)) : steps
  }

  /// Leaves out a picture that needs not be drawn.
  mutating func skipPicture(steps: Int) {
    if !isCut { passPicture(steps: steps) }
  }

  private mutating func passPicture(steps: Int) {
    picture += 1
    picturesAhead = max(0, picturesAhead - 1)
    stepsAhead = max(0, stepsAhead - steps)
  }

  mutating func beginPicture(steps: Int, at time: Double) {
    passPicture(steps: steps)
    interrupted = nil
    self.steps = 0
    stage = .drawing(step: 0, count: steps)
    stageStart = time
    pictureStart = time
    lastStep = time
  }

  /// A network is made ready, which takes no part of the next step's time.
  mutating func prepare(_ network: String, at time: Double) {
    if case .preparing = stage {} else { interrupted = stage }
    stage = .preparing(network)
    stageStart = time
  }

  /// The network is ready.
  ///
  /// - Returns: its name and the seconds it took; nil if none was made ready.
  mutating func goOn(at time: Double) -> (network: String, seconds: Double)? {
    guard case .preparing(let network) = stage, let interrupted else { return nil }
    let seconds = time - stageStart
    stage = interrupted
    self.interrupted = nil
    stageStart = time
    lastStep = time
    return (network, seconds)
  }

  mutating func step(_ index: Int, of count: Int, at time: Double) {
    steps = index
    durations.append(time - lastStep)
    lastStep = time
    // The first step tells less than the others: memory is touched for the first time in it.
    let telling = durations.count > 1 ? durations.dropFirst().suffix(16) : durations[...]
    secondsPerStep = telling.reduce(0, +) / Double(telling.count)
    if index < count {
      stage = .drawing(step: index, count: count)
    } else {
      stage = .decoding
      stageStart = time
    }
  }

  /// Part of a picture was made larger, which takes no part of the next step's time.
  mutating func upscale(_ part: Int, of count: Int, at time: Double) {
    switch stage {
    case .upscaling: break
    case .preparing: interrupted = .upscaling(part: part, count: count)
    default: stageStart = time
    }
    if case .preparing = stage { return }
    stage = .upscaling(part: part, count: count)
    lastStep = time
  }

  /// - Returns: seconds the picture took.
  mutating func endPicture(at time: Double) -> Double {
    if stage == .decoding { lastDecoding = time - stageStart }
    return time - pictureStart
  }

  /// Seconds until the last picture is there; nil as long as nothing is known.
  func timeLeft(at time: Double) -> Double? {
    guard let secondsPerStep else { return nil }
    let decoding = lastDecoding ?? secondsPerStep * Self.decodingInSteps
    let ahead = Double(stepsAhead) * secondsPerStep + Double(picturesAhead) * decoding
    switch stage {
    case .loading, .preparing, .upscaling: return nil
    case .drawing(let step, let count):
      return max(0, Double(count - step) * secondsPerStep - (time - lastStep)) + decoding + ahead
    case .decoding:
      return max(0, decoding - (time - stageStart)) + ahead
    }
  }
}
