internal import ImagineEngine
internal import ImagineImage

/// A request's picture and mask, brought to the size that is drawn, and the way back.
///
/// In the order of AUTOMATIC1111's img2img: room around it, mask, its part alone or the whole at the new size, what stands
/// under the mask at first.
struct PreparedPicture {
  let initial: InitialPicture
  /// How what is drawn goes back into the picture it is from; nil where it is the whole result.
  let wayBack: PictureReturn?

  /// - Parameters:
  ///   - size: of the picture to be drawn.
  ///   - reduction: pixels along one side of a latent position.
  /// - Throws: `ImageError`, or `ImagineError` with code `invalidRequest`.
  init(_ image: InitialImage, size: Size, strength: Double, reduction: Int, habits: PictureHabits) throws {
    var picture = try image.picture.opaque
    var mask = try image.mask.map { try $0.painted(for: picture) }
    if image.margins != Margins() {
      let room = try Outpainting(
        picture, left: image.margins.left, top: image.margins.top, right: image.margins.right,
        bottom: image.margins.bottom, painted: mask)
      (picture, mask) = (room.canvas, room.mask)
    }
    guard var mask else {
      (initial, wayBack) = (
        try Self.whole(picture, image.resizing, size, strength, reduction), nil
      )
      return
    }
    guard !mask.isEmpty else {
      throw ImagineError(
        .invalidRequest, "The mask is all black, so that nothing would be painted: make what is to change white.")
    }
    mask = mask.blurred(Double(image.mask?.blur ?? 4))
    guard !mask.isEmpty else {
      throw ImagineError(
        .invalidRequest,
        "The mask is so small that its softened edge leaves nothing of it: make it larger, or the edge harder.")
    }
    let content = image.mask?.content ?? .fill
    let drawn: RGBImage
    if let padding = image.mask?.padding {
      guard
        let box = mask.region(padding: padding)?.expanded(
          toProportionsOf: (size.width, size.height), within: (picture.width, picture.height))
      else { throw ImagineError(.internalError, "The mask is all black.") }
      wayBack = PictureReturn(original: picture, box: box, mask: mask)
      drawn = try picture.cropped(box).fitted(.fill, width: size.width, height: size.height)
      mask = try mask.cropped(box).fitted(.fill, width: size.width, height: size.height)
    } else {
      let fitting = Fitting(image.resizing)
      drawn = try picture.fitted(fitting, width: size.width, height: size.height)
      mask = try mask.fitted(fitting, width: size.width, height: size.height)
      wayBack = habits.pastesPicture ? PictureReturn(original: drawn, box: nil, mask: mask.strengthened) : nil
    }
    let begun = content == .original ? drawn : try drawn.filled(mask)
    var initial = InitialPicture(
      pixels: begun.unitPixels, width: size.width, height: size.height, strength: strength)
    initial.mask = InitialPicture.Mask(values: mask.values, fill: InitialPicture.Fill(content))
    self.initial = initial
  }

  /// The whole of a picture, all of which is changed.
  private static func whole(
    _ picture: RGBImage, _ resizing: Resizing, _ size: Size, _ strength: Double, _ reduction: Int
  ) throws -> InitialPicture {
    guard resizing == .latent else {
      let fitted = try picture.fitted(Fitting(resizing), width: size.width, height: size.height)
      return InitialPicture(
        pixels: fitted.unitPixels, width: size.width, height: size.height, strength: strength)
    }
    // Its own size, as far as whole positions go.
    let width = max(picture.width / reduction, 1) * reduction
    let height = max(picture.height / reduction, 1) * reduction
    let own = try picture.fitted(.crop, width: width, height: height)
    return InitialPicture(pixels: own.unitPixels, width: width, height: height, strength: strength)
  }
}

/// How a drawn picture goes back into the one it was made from.
struct PictureReturn: Sendable {
  let original: RGBImage
  /// The part that was drawn; nil for the whole.
  let box: PixelBox?
  let mask: MaskImage

  func finished(_ drawn: RGBImage) throws -> RGBImage { try drawn.laid(under: original, in: box, mask: mask) }
}

extension InitialImage {
  /// The size that it has with its margins, as far as whole latent positions go; nil where a part of it is drawn alone.
  func ownSize(multipleOf reduction: Int) -> Size? {
    guard mask?.padding == nil else { return nil }
    func side(_ length: Int, _ one: Int, _ other: Int) -> Int {
      max((length + min(max(one, 0), 1 << 20) + min(max(other, 0), 1 << 20)) / reduction, 1) * reduction
    }
    return Size(
      width: side(picture.size.width, margins.left, margins.right),
      height: side(picture.size.height, margins.top, margins.bottom))
  }
}

extension SourcePicture {
  /// Without transparency, on white.
  var opaque: RGBImage {
    get throws {
      try DecodedImage(
        image: RGBImage(width: size.width, height: size.height, pixels: pixels), alpha: alpha
      ).onWhite
    }
  }
}

extension Mask {
  /// What is to be painted of a picture, at its size.
  fileprivate func painted(for image: RGBImage) throws -> MaskImage {
    let own = try RGBImage(width: picture.size.width, height: picture.size.height, pixels: picture.pixels)
    let mask = try MaskImage(own, alpha: picture.alpha)
    let fitted =
      (mask.width, mask.height) == (image.width, image.height)
      ? mask : try mask.resized(width: image.width, height: image.height, .lanczos)
    return isInverted ? fitted.inverted : fitted
  }
}

extension Fitting {
  init(_ resizing: Resizing) {
    self =
      switch resizing {
      case .stretch, .latent: .stretch
      case .crop: .crop
      case .fill: .fill
      }
  }
}

extension InitialPicture.Fill {
  fileprivate init(_ content: Mask.Content) {
    self =
      switch content {
      case .original, .fill: .picture
      case .noise: .noise
      case .nothing: .nothing
      }
  }
}
