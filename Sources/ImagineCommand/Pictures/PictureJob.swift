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
  let line: Int?

  /// The pictures of one request, one after another.
  ///
  /// - Parameters:
  ///   - name: of the file; otherwise each has a name of its own.
  ///   - format: of files that get a name of their own.
  /// - Throws: `RelativePath.Problem` for a name that is none.
  static func jobs(
    _ request: GenerationRequest, name: String?, format: FileFormat = .png
  ) throws -> some Sequence<PictureJob> {
    let first = request.seed ?? randomSeed(), variation = request.variation?.seed ?? randomSeed()
    let slug = PictureName.slug(request.prompt)
    func own(_ seed: UInt64) -> String {
      FileFormat.completed(PictureName.standard(slug: slug, seed: seed), format)
    }
    let path = try RelativePath(name ?? own(first))
    return (0..<request.count).lazy.map { index in
      let (request, seed) = request.picture(index, seed: first, variation: variation)
      let other = name == nil ? try? RelativePath(own(seed)) : nil
      return PictureJob(request: request, seed: seed, path: other ?? path, line: nil)
    }
  }

  /// The pictures of one line of a prompt file, made one after another, however many they are.
  ///
  /// - Parameters:
  ///   - request: the command line's with what the line says in its place.
  ///   - seed: what the command line says about seeds: each line begins there, a repeated one after those before it.
  ///   - format: of files that get a name of their own.
  static func jobs(
    _ entry: PromptFileEntry, _ request: GenerationRequest, seed: PromptFileEntry.Seed?, model: String,
    format: FileFormat = .png
  ) -> some Sequence<PictureJob> {
    let first: UInt64 =
      switch entry.seed ?? seed {
      case .random: randomSeed()
      case .fixed(let value) where entry.seed == nil: value &+ UInt64(entry.occurrence &* request.count)
      case .fixed(let value): value
      case nil: entry.derivedSeed
      }
    // As the seed of a line that gives none: the same in every run.
    let variation = request.variation?.seed ?? entry.derivedSeed
    let slug = PictureName.slug(request.prompt)
    return (0..<request.count).lazy.compactMap { index in
      let (request, seed) = request.picture(index, seed: first, variation: variation)
      let name =
        entry.output.map { numbered($0, index) }
        ?? FileFormat.completed(
          PictureName.listed(slug: slug, request: request, seed: seed, model: model), format)
      guard let path = try? RelativePath(name) else { return nil }
      return PictureJob(request: request, seed: seed, path: path, line: entry.line)
    }
  }

  /// `boat.png`, `boat-2.png`, `boat-3.png`, ...
  private static func numbered(_ path: RelativePath, _ index: Int) -> String {
    (path.folders + [index == 0 ? path.name : FileName.numbered(path.name, index + 1)]).joined(separator: "/")
  }

  private static func randomSeed() -> UInt64 { UInt64(UInt32.random(in: 0...UInt32.max)) }
}

extension GenerationRequest {
  /// The request for one of its pictures, and that picture's seed: seeds go on from picture to picture, or where there are
  /// variations, theirs do.
  fileprivate func picture(_ index: Int, seed: UInt64, variation: UInt64) -> (GenerationRequest, UInt64) {
    var request = self
    request.count = 1
    guard let strength = request.variation?.strength else {
      request.seed = seed &+ UInt64(index)
      return (request, seed &+ UInt64(index))
    }
    request.seed = seed
    request.variation = Variation(seed: variation &+ UInt64(index), strength: strength)
    return (request, seed)
  }
}
