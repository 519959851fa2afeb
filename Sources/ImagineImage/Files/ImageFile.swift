package import Foundation
internal import ImagineFiles

/// Files of pictures, in whatever format.
package enum ImageFile {
  /// Reads a picture and its texts from a file; its content tells its format.
  ///
  /// Throws `ImageError.cannotRead` for anything but a sound picture within the limits.
  package static func read(_ url: URL, limits: ImageLimits = ImageLimits()) throws(ImageError) -> DecodedImage {
    let bytes: [UInt8]
    do {
      bytes = try readRegularFile(url.path, limit: limits.fileBytes)
    } catch {
      throw .cannotRead(path: url.path, reason: error.reason)
    }
    return try decode(bytes, name: url.path, limits: limits)
  }

  /// Returns the picture and texts in the bytes of a file; `name` stands for them in errors.
  ///
  /// All becomes 8-bit RGB, turned upright as its EXIF orientation says. Gamma and colour profiles are not applied.
  /// Throws `ImageError.cannotRead` for anything but a sound picture within the limits.
  package static func decode(
    _ bytes: [UInt8], name: String, limits: ImageLimits = ImageLimits()
  ) throws(ImageError) -> DecodedImage {
    do {
      guard let format = ImageFormat(firstBytes: bytes) else { throw CodecFailure(unreadable(bytes)) }
      switch format {
      case .png: return try PNGCodec.decode(bytes, limits: limits)
      case .jpeg: return try JPEGCodec.decode(bytes, limits: limits)
      case .webp: return try WebPCodec.decode(bytes, limits: limits)
      }
    } catch let error as CodecFailure {
      throw .cannotRead(path: name, reason: error.reason)
    } catch {
      throw .cannotRead(path: name, reason: "\(error)")
    }
  }

  private static func unreadable(_ bytes: [UInt8]) -> String {
    if bytes.isEmpty { return "it is empty" }
    guard let name = ForeignFormat.name(firstBytes: bytes) else { return "it is no PNG, JPEG or WebP" }
    return "it is \(name); save it as PNG, JPEG or WebP"
  }

  /// The quality of JPEG and WebP files unless told otherwise.
  ///
  /// As sd.cpp and most programs for photographs have it. A1111's 80 saves a third of the bytes, and shows around the hard
  /// edges and in the even areas that drawn pictures have.
  package static let defaultQuality = 90

  /// How many letters of settings a format has room for; nil where there is no limit. Those of four bytes in UTF-16, such as
  /// emoji, count twice.
  package static func mostLetters(as format: ImageFormat) -> Int? { format == .jpeg ? JPEGCodec.mostLetters : nil }

  /// Whether the settings of a picture fit into a file of a format.
  package static func hasRoom(for settings: String, as format: ImageFormat) -> Bool {
    format != .jpeg || JPEGCodec.hasRoom(for: settings)
  }

  /// Returns a picture as the bytes of a file.
  ///
  /// PNG keeps any texts; JPEG and WebP keep the one of the keyword `parameters`, in EXIF, as A1111 does.
  /// - Parameters:
  ///   - alpha: how solid each pixel is, 255 fully: [height, width]; nil where all are. A JPEG has the picture on white.
  ///   - quality: 1 to 100, of JPEG and WebP; a WebP of 100 is lossless.
  /// Throws `ImageError.invalidText` for a text that the format cannot hold, `cannotWrite` for a picture that it cannot.
  package static func encode(
    _ image: RGBImage, alpha: [UInt8]? = nil, as format: ImageFormat, quality: Int = defaultQuality,
    text: [PNGText] = []
  ) throws(ImageError) -> [UInt8] {
    if let alpha, alpha.count != image.width * image.height {
      throw .invalidSize(width: image.width, height: image.height, values: alpha.count)
    }
    guard 1...100 ~= quality else {
      throw .cannotWrite(path: format.label, reason: "a quality of \(quality) is not possible, choose 1 to 100")
    }
    do {
      switch format {
      case .png: return try PNGCodec.encode(image, alpha: alpha, text: text)
      case .jpeg: return try JPEGCodec.encode(image.onWhite(alpha: alpha), quality: quality, text: text)
      case .webp: return try WebPCodec.encode(image, alpha: alpha, quality: quality, text: text)
      }
    } catch let error as ImageError {
      throw error
    } catch {
      throw .cannotWrite(path: format.label, reason: (error as? CodecFailure)?.reason ?? "\(error)")
    }
  }

  /// Writes the bytes of a picture to a new file.
  ///
  /// The file appears complete or not at all, and an existing file is never replaced.
  /// Throws `ImageError.alreadyExists` or `cannotWrite`.
  package static func write(_ bytes: [UInt8], to url: URL) throws(ImageError) {
    let path = url.path(percentEncoded: false)
    let (folder, name) = FileName.split(path)
    let taken: String?
    do { taken = try Folder(path: folder).write(bytes, as: name, isUnique: true) } catch {
      throw .cannotWrite(path: path, reason: error.reason)
    }
    if taken == nil { throw .alreadyExists(path: path) }
  }

  /// Writes the bytes of a picture to a new file under the first free name of `name.png`, `name-2.png`, `name-3.png`, ...
  ///
  /// Returns the name taken. Several writers at once never take the same one.
  /// Throws `ImageError.cannotWrite`.
  package static func writeToFreeName(_ bytes: [UInt8], near url: URL) throws(ImageError) -> URL {
    let path = url.path(percentEncoded: false)
    let (folder, name) = FileName.split(path)
    do {
      let taken = try Folder(path: folder).write(bytes, as: name, isUnique: false)
      return url.deletingLastPathComponent().appending(path: taken ?? name, directoryHint: .notDirectory)
    } catch {
      throw .cannotWrite(path: path, reason: error.reason)
    }
  }
}
