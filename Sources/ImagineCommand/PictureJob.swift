import Foundation
import Imagine

/// One picture to draw and where it goes.
struct PictureJob {
  /// For one picture, with its seed.
  var request: GenerationRequest
  let seed: UInt64
  let path: String
  /// Whether a file of that name means that the picture is there already; otherwise the next free name is taken.
  let skipsExisting: Bool
  /// The line of the prompt file, for messages.
  var line: Int?

  private init(_ request: GenerationRequest, seed: UInt64, path: String, line: Int?) {
    self.request = request
    self.request.seed = seed
    self.request.count = 1
    self.seed = seed
    self.path = path
    self.line = line
    skipsExisting = line != nil
  }

  /// The pictures of one request, one job each.
  static func jobs(_ request: GenerationRequest, in place: OutputPlace) -> [PictureJob] {
    let first = request.seed ?? randomSeed()
    return (0..<request.count).map { index in
      let seed = first &+ UInt64(index)
      return PictureJob(
        request, seed: seed, path: place.path(name: PictureName.standard(prompt: request.prompt, seed: seed)), line: nil
      )
    }
  }

  /// The pictures of one line of a prompt file.
  ///
  /// - Parameters:
  ///   - base: the settings of the command line.
  ///   - seed: what the command line says about seeds: given, line k starts at that seed + k.
  static func jobs(
    _ entry: PromptFileEntry, base: GenerationRequest, seed: PromptFileEntry.Seed?, model: String, in folder: String
  ) -> [PictureJob] {
    let request = entry.applied(to: base)
    let first: UInt64 =
      switch entry.seed ?? seed {
      case .random: randomSeed()
      case .fixed(let value) where entry.seed == nil: value &+ UInt64(entry.index)
      case .fixed(let value): value
      case nil: entry.derivedSeed
      }
    return (0..<request.count).map { index in
      let seed = first &+ UInt64(index)
      let name =
        entry.output.map { numbered($0, index) }
        ?? PictureName.listed(line: entry.line, request: request, seed: seed, model: model)
      return PictureJob(request, seed: seed, path: OutputPlace.join(folder, name), line: entry.line)
    }
  }

  /// `boat.png`, `boat-2.png`, `boat-3.png`, ...
  private static func numbered(_ name: String, _ index: Int) -> String {
    index == 0 ? name : "\(name.dropLast(4))-\(index + 1)\(name.suffix(4))"
  }

  private static func randomSeed() -> UInt64 { UInt64(UInt32.random(in: 0...UInt32.max)) }

  /// Whether there is nothing to do.
  var isDone: Bool { skipsExisting && FileManager.default.fileExists(atPath: path) }

  /// Writes the picture, making its folder if there is none.
  ///
  /// - Returns: the path of the file, written as the person at the keyboard wrote it.
  func write(_ image: GeneratedImage, metadata: Bool) throws -> String {
    let folder = OutputPlace.folder(of: path)
    if !folder.isEmpty {
      do { try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true) } catch {
        throw ImagineError(.unwritableOutput, "The folder '\(folder)' cannot be made: check its name and permissions.")
      }
    }
    guard !skipsExisting else {
      try image.writePNG(to: URL(filePath: path), metadata: metadata)
      return path
    }
    return folder + (try image.writePNG(toFreeNameFor: URL(filePath: path), metadata: metadata)).lastPathComponent
  }
}
