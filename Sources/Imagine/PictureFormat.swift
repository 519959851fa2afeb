internal import ImagineImage

/// A format that pictures are written in.
public struct PictureFormat: Sendable, Hashable {
  let kind: ImageFormat
  let quality: Int

  /// Lossless, with the settings in a text chunk of any length.
  public static let png = PictureFormat(kind: .png, quality: ImageFile.defaultQuality)

  /// JPEG, with the settings in EXIF, where there is room for 32739 letters.
  ///
  /// - Parameter quality: 1 to 100; from 90 on, colour has the resolution of brightness.
  public static func jpeg(quality: Int = 90) -> PictureFormat { PictureFormat(kind: .jpeg, quality: quality) }

  /// WebP, with the settings in EXIF.
  ///
  /// - Parameter quality: 1 to 100, which is lossless.
  public static func webp(quality: Int = 90) -> PictureFormat { PictureFormat(kind: .webp, quality: quality) }

  private init(kind: ImageFormat, quality: Int) {
    self.kind = kind
    self.quality = quality
  }

  /// What the ending of a file's name stands for: `.png`, `.jpg`, `.jpeg` or `.webp`, in any case; a name without an
  /// ending is a PNG's.
  ///
  /// - Parameter quality: of JPEG and WebP; nil is 90.
  /// - Throws: `ImagineError` with code `invalidText` for another ending.
  public init(fileName: String, quality: Int? = nil) throws {
    let name = fileName.utf8.lastIndex(of: UInt8(ascii: "/")).map { fileName[$0...].dropFirst() } ?? fileName[...]
    let quality = quality ?? ImageFile.defaultQuality
    if let kind = ImageFormat(fileName: String(name)) {
      self.init(kind: kind, quality: quality)
    } else if let dot = name.utf8.lastIndex(of: UInt8(ascii: ".")), dot > name.startIndex {
      throw ImagineError(
        .invalidText,
        "Pictures cannot be written as \"\(name[dot...])\": choose a name that ends in .png, .jpg or .webp.")
    } else {
      self.init(kind: .png, quality: quality)
    }
  }
}
