/// What is accepted at most of a picture that is read.
package struct ImageLimits: Sendable {
  /// The largest width and height, in pixels.
  package var side = 16_384
  /// The largest number of pixels.
  package var pixels = 1 << 26
  /// The largest file, in bytes.
  package var fileBytes = 1 << 29
  /// The largest number of text chunks.
  package var textChunks = 64
  /// The largest text after decompression, in bytes.
  package var textBytes = 1 << 23
  /// The largest number of scans that a JPEG may be made of. libjpeg-turbo's own programs write ten.
  package var scans = 100

  package init() {}
}
