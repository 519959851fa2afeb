import Foundation
import Imagine
import ImagineFiles

/// One picture to draw and where it goes.
struct PictureJob {
  /// For one picture, with its seed.
  let request: GenerationRequest
  let seed: UInt64
  /// Below the folder for pictures.
  let path: RelativePath
  /// The line of the prompt file, for messages. What a line asks for is drawn once: a file of that name is the picture.
  var line: Int?

  private init(_ request: GenerationRequest, seed: UInt64, path: RelativePath, line: Int?) {
    var request = request
    request.seed = seed
    request.count = 1
    self.request = request
    self.seed = seed
    self.path = path
    self.line = line
  }

  /// The pictures of one request, one after another.
  ///
  /// - Parameter name: of the file; otherwise each has a name of its own.
  /// - Throws: `RelativePath.Problem` for a name that is none.
  static func jobs(_ request: GenerationRequest, name: String?) throws -> some Sequence<PictureJob> {
    let first = request.seed ?? randomSeed()
    let slug = PictureName.slug(request.prompt)
    let path = try RelativePath(name ?? PictureName.standard(slug: slug, seed: first))
    return (0..<request.count).lazy.map { index in
      let seed = first &+ UInt64(index)
      let own = name == nil ? try? RelativePath(PictureName.standard(slug: slug, seed: seed)) : nil
      return PictureJob(request, seed: seed, path: own ?? path, line: nil)
    }
  }

  /// The pictures of one line of a prompt file, made one after another, however many they are.
  ///
  /// - Parameters:
  ///   - request: the command line's with what the line says in its place.
  ///   - seed: what the command line says about seeds: each line begins there, a repeated one after those before it.
  static func jobs(
    _ entry: PromptFileEntry, _ request: GenerationRequest, seed: PromptFileEntry.Seed?, model: String
  ) -> some Sequence<PictureJob> {
    let first: UInt64 =
      switch entry.seed ?? seed {
      case .random: randomSeed()
      case .fixed(let value) where entry.seed == nil: value &+ UInt64(entry.occurrence &* request.count)
      case .fixed(let value): value
      case nil: entry.derivedSeed
      }
    let slug = PictureName.slug(request.prompt)
    return (0..<request.count).lazy.compactMap { index in
      let seed = first &+ UInt64(index)
      let name =
        entry.output.map { numbered($0, index) }
        ?? PictureName.listed(slug: slug, request: request, seed: seed, model: model)
      guard let path = try? RelativePath(name) else { return nil }
      return PictureJob(request, seed: seed, path: path, line: entry.line)
    }
  }

  /// `boat.png`, `boat-2.png`, `boat-3.png`, ...
  private static func numbered(_ path: RelativePath, _ index: Int) -> String {
    (path.folders + [index == 0 ? path.name : FileName.numbered(path.name, index + 1)]).joined(separator: "/")
  }

  private static func randomSeed() -> UInt64 { UInt64(UInt32.random(in: 0...UInt32.max)) }
}
