/// What a picture's file says of the picture that it was made from, which is not in the file.
public struct RecordedChange: Sendable, Hashable {
  /// How its mask was used.
  public struct MaskUse: Sendable, Hashable {
    /// Nil where the program leaves it out: none was softened.
    public internal(set) var blur: Int?
    public internal(set) var isInverted = false
    public internal(set) var content = Mask.Content.original
    public internal(set) var padding: Int?

    /// For people, such as `blur 4, inverted, content fill, masked part with 32 around`.
    var words: String {
      [
        "blur \(blur ?? 0)", isInverted ? "inverted" : nil, content == .original ? nil : "content \(content.rawValue)",
        padding.map { "masked part with \($0) around" },
      ].compactMap { $0 }.joined(separator: ", ")
    }
  }

  /// How much of it was changed; nil is as usual.
  public internal(set) var strength: Double?
  public internal(set) var resizing = Resizing.crop
  public internal(set) var margins = Margins()
  /// Nil where there was no mask.
  public internal(set) var mask: MaskUse?

  /// A picture used as is usual.
  public init() {}

  init(strength: Double) { self.strength = strength }

  /// The picture, given again, as it was used then.
  public func initialImage(_ picture: SourcePicture) -> InitialImage {
    var image = InitialImage(picture)
    image.strength = strength
    image.resizing = resizing
    image.margins = margins
    return image
  }

  /// The mask, given again, as it was used then. A mask where there was none is as any other.
  public func mask(_ picture: SourcePicture) -> Mask {
    var result = Mask(picture)
    guard let mask else { return result }
    result.blur = mask.blur ?? 0
    result.isInverted = mask.isInverted
    result.content = mask.content
    result.padding = mask.padding
    return result
  }

  /// What is still missing to draw the same; nil for nothing.
  func missing(givenPicture: Bool, givenMask: Bool) -> String? {
    let share = strength.map { " at a strength of \($0)" } ?? ""
    if !givenPicture {
      return
        "It was made from a picture\(share)\(mask == nil ? "" : ", with a mask"), which is not in the file: give it "
        + "again to draw the same."
    }
    guard mask != nil, !givenMask else { return nil }
    return "It was made with a mask, which is not in the file: give it again to draw the same."
  }
}
