/// Width and height of a picture, in pixels.
public struct Size: Sendable, Hashable, CustomStringConvertible {
  public var width: Int
  public var height: Int

  public init(width: Int, height: Int) {
    self.width = width
    self.height = height
  }

  /// Reads `512x768`, also with `X`, `×` or `*`; one number is a square. Nil for anything else.
  public init?(_ text: String) {
    let parts = text.split(omittingEmptySubsequences: false) { "xX×*".contains($0) }
    let numbers = parts.compactMap { Int($0) }
    guard numbers.count == parts.count, let width = numbers.first, numbers.count <= 2 else { return nil }
    self.init(width: width, height: numbers.last ?? width)
  }

  public var description: String { "\(width)x\(height)" }
}

extension Size: Encodable {
  /// As `512x768`.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
