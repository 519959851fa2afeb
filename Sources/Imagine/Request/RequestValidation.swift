extension GenerationRequest {
  /// The numbers of steps that make sense: a model knows a thousand noise levels.
  public static let allowedSteps = 1...1000
  /// The longest side, in pixels.
  public static let longestSide = 8192

  /// Checks everything that can be checked before any work.
  ///
  /// - Parameters:
  ///   - size, steps, guidanceScale: with the model's own in place of what the request leaves open.
  ///   - reduction: pixels along one side of a latent position; sizes must be multiples of it.
  /// - Throws: `ImagineError` with code `invalidRequest`.
  func validate(_ size: Size, steps: Int, guidanceScale: Float, reduction: Int) throws {
    func refuse(_ message: String) -> ImagineError { ImagineError(.invalidRequest, message) }

    try validate(steps: steps)
    guard guidanceScale.isFinite, 0...1000 ~= guidanceScale else {
      throw refuse("A guidance scale of \(guidanceScale) is not possible: choose 0 to 1000; 7 is usual.")
    }
    guard 1...100_000 ~= count else {
      throw refuse("\(count) pictures are not possible: choose 1 to 100000.")
    }
    try validate("", size, reduction: reduction)
    if let previewInterval, previewInterval < 1 {
      throw refuse("A preview every \(previewInterval) steps is not possible: choose 1 or more.")
    }
  }

  func validate(steps: Int) throws {
    guard Self.allowedSteps ~= steps else {
      throw ImagineError(
        .invalidRequest,
        "\(steps) steps are not possible: choose \(Self.allowedSteps.lowerBound) to 1000; 20 is usual.")
    }
  }

  /// A number from 0 to 1.
  func requireShare(_ value: Double, _ name: String) throws -> Double {
    guard 0...1 ~= value else {
      throw ImagineError(.invalidRequest, "A \(name) of \(value) is not possible: choose 0 to 1.")
    }
    return value
  }

  func requireScore(_ value: Float?) throws -> Float? {
    guard let value, !(-100...100 ~= value) else { return value }
    throw ImagineError(.invalidRequest, "An aesthetic score of \(value) is not possible: choose 0 to 10.")
  }

  /// - Parameter kind: which of the request's sizes it is, for people; empty for that of the picture.
  func validate(_ kind: String, _ size: Size, reduction: Int) throws {
    func refuse(_ message: String) -> ImagineError { ImagineError(.invalidRequest, message) }

    for (side, length) in [("width", size.width), ("height", size.height)] {
      let name = kind.isEmpty ? side : "\(kind) \(side)"
      guard reduction...Self.longestSide ~= length else {
        throw refuse("A \(name) of \(length) is not possible: choose \(reduction) to \(Self.longestSide) pixels.")
      }
      guard length.isMultiple(of: reduction) else {
        let above = (length / reduction + 1) * reduction
        throw refuse(
          "A \(name) of \(length) is not a multiple of \(reduction): choose \(above - reduction) or \(above).")
      }
    }
  }
}
