package import Foundation
internal import ImagineFiles

/// A text chunk of a PNG.
package struct PNGText: Sendable, Equatable {
  /// 1 to 79 printable ASCII characters without spaces at either end or in a row, such as `parameters`.
  package var keyword: String
  package var value: String

  package init(_ keyword: String, _ value: String) {
    self.keyword = keyword
    self.value = value
  }
}

/// PNG files with text chunks, written and read through libpng.
package enum PNGFile {
  /// What a file holds: the picture and its text chunks in the order of the file.
  package struct Contents: Sendable, Equatable {
    package let image: RGBImage
    package let text: [PNGText]

    /// The value of the first text chunk with this keyword.
    package func text(_ keyword: String) -> String? {
      text.first { $0.keyword == keyword }?.value
    }
  }

  /// Writes a picture to a new file.
  ///
  /// The file appears complete or not at all, and an existing file is never replaced.
  /// Throws `ImageError.alreadyExists`, `cannotWrite` or `invalidText`.
  package static func write(_ image: RGBImage, text: [PNGText] = [], to url: URL) throws(ImageError) {
    let bytes = try encode(image, text: text), path = url.path(percentEncoded: false)
    let (folder, name) = FileName.split(path)
    let taken: String?
    do { taken = try Folder(path: folder).write(bytes, as: name, isUnique: true) } catch {
      throw .cannotWrite(path: path, reason: error.reason)
    }
    if taken == nil { throw .alreadyExists(path: path) }
  }

  /// Writes a picture to a new file under the first free name of `name.png`, `name-2.png`, `name-3.png`, ...
  ///
  /// Returns the name taken. Several writers at once never take the same one.
  /// Throws `ImageError.cannotWrite` or `invalidText`.
  package static func writeToFreeName(
    _ image: RGBImage, text: [PNGText] = [], near url: URL
  ) throws(ImageError) -> URL {
    let bytes = try encode(image, text: text), path = url.path(percentEncoded: false)
    let (folder, name) = FileName.split(path)
    do {
      let taken = try Folder(path: folder).write(bytes, as: name, isUnique: false)
      return url.deletingLastPathComponent().appending(path: taken ?? name, directoryHint: .notDirectory)
    } catch {
      throw .cannotWrite(path: path, reason: error.reason)
    }
  }

  /// Reads a picture and its text from a file.
  ///
  /// Colour types other than 8-bit RGB are converted; a transparent picture is laid on white.
  /// Throws `ImageError.cannotRead` for anything but a sound PNG within the limits.
  package static func read(_ url: URL, limits: PNGLimits = PNGLimits()) throws(ImageError) -> Contents {
    let bytes: [UInt8]
    do {
      bytes = try readRegularFile(url.path, limit: limits.fileBytes)
    } catch {
      throw .cannotRead(path: url.path, reason: error.reason)
    }
    return try decode(bytes, name: url.path, limits: limits)
  }
}

/// What `PNGFile` accepts at most when it reads.
package struct PNGLimits: Sendable {
  /// The largest width and height, in pixels.
  package var side = 16_384
  /// The largest number of pixels.
  package var pixels = 1 << 26
  /// The largest file, in bytes.
  package var fileBytes = 1 << 29
  /// The largest number of text chunks.
  package var textChunks = 64
  /// The largest text chunk after decompression, in bytes.
  package var textChunkBytes = 1 << 23

  package init() {}
}
