/// That a finished picture is made larger, and how much.
public struct Upscaling: Sendable, Hashable {
  /// Opened on the engine of the pipeline.
  public var upscaler: UpscalerModel
  /// How many times larger each side becomes; nil is the network's own scale.
  public var scale: Double?

  public init(_ upscaler: UpscalerModel, scale: Double? = nil) {
    self.upscaler = upscaler
    self.scale = scale
  }

  /// What is written of it: the scale in numbers.
  var factor: Double { scale ?? Double(upscaler.scale) }

  /// The size that a picture comes to, rounded to whole pixels; AUTOMATIC1111 goes down to multiples of 8.
  ///
  /// - Throws: `ImagineError` with code `invalidRequest` for what is no scale, or too large.
  func target(of size: Size) throws -> Size {
    guard factor.isFinite, 0.1...64 ~= factor else {
      throw ImagineError(.invalidRequest, "A picture cannot become \(factor) times as large: choose 1 to 16.")
    }
    func side(_ length: Int) -> Int { max(Int((Double(length) * factor).rounded()), 1) }
    return try Size(width: side(size.width), height: side(size.height)).requirePossible()
  }
}

extension Size {
  /// - Throws: `ImagineError` with code `invalidRequest` for a size that no picture should have.
  func requirePossible() throws -> Size {
    let (area, overflows) = width.multipliedReportingOverflow(by: height)
    guard width > 0, height > 0, width <= 65_535, height <= 65_535, !overflows, area <= 1 << 28 else {
      throw ImagineError(
        .invalidRequest,
        "A picture of \(self) is not possible: choose up to 65535 pixels a side and 268 million in all.")
    }
    return self
  }
}

/// How far a picture is that an upscaler makes larger.
public struct UpscalingProgress: Sendable, Hashable {
  /// Windows that are finished, from 0.
  public let index: Int
  /// Windows in all.
  public let count: Int
}
