import Foundation
import Imagine
import ImagineFiles

/// The folder that a run writes to, or the stream it writes into.
struct PictureFolder {
  /// Where a picture went.
  enum Outcome: Equatable {
    /// To this file; `wanted` is the name that was taken.
    case saved(path: String, wanted: String?)
    /// Another run has just made it.
    case isThere
    /// Into a stream, where no file is left.
    case sent
  }

  /// Why a picture could not be written.
  struct Failure: Error {
    let message: String
    /// Whether the next picture would fare no better.
    let endsRun: Bool
  }

  private let place: OutputPlace
  private let folder: Folder?

  /// Makes the folder if there is none.
  init(_ place: OutputPlace) throws {
    self.place = place
    do {
      folder = try place.folder.map { try Folder(path: $0, making: true) }
      try folder?.requireWritable()
    } catch let failure as FileFailure {
      throw ImagineError(
        .unwritableOutput,
        "The folder '\(place.folder ?? "")' cannot be made or written to: \(failure.reason).")
    }
    folder?.sweep()
  }

  /// A job's path as the person at the keyboard would write it.
  func path(of job: PictureJob) -> String {
    OutputPlace.join(place.folder ?? "", job.path.text)
  }

  /// What is at a job's path.
  func kind(of job: PictureJob) -> Folder.Kind? { folder?.kind(of: job.path) }

  /// The right to draw a job, so that two runs in one folder share the work; nil if another has it.
  func claim(_ job: PictureJob) throws -> Claim? {
    guard let folder else { return nil }
    var hash = StableHash()
    hash.combine(job.path.text)
    do { return try Claim(hash.value, in: folder) } catch { throw failure(error, job) }
  }

  /// Writes a picture.
  ///
  /// - Parameter isUnique: whether a file of the name is this picture; otherwise the next free name is taken.
  /// - Throws: `Failure`.
  func write(_ bytes: [UInt8], _ job: PictureJob, isUnique: Bool) throws -> Outcome {
    guard let folder else { return try send(bytes) }
    let taken: String?
    do {
      let parent = job.path.folders.isEmpty ? folder : try folder.folder(job.path.folders, making: true)
      taken = try parent.write(bytes, as: job.path.name, isUnique: isUnique)
    } catch {
      throw failure(error, job)
    }
    guard let taken else { return .isThere }
    let path = OutputPlace.join(place.folder ?? "", (job.path.folders + [taken]).joined(separator: "/"))
    return .saved(path: path, wanted: taken == job.path.name ? nil : self.path(of: job))
  }

  private func failure(_ failure: FileFailure, _ job: PictureJob) -> Failure {
    Failure(
      message: "The picture '\(path(of: job))' cannot be written: \(failure.reason).",
      endsRun: failure.concernsAllFiles || folder.map { (try? $0.requireWritable()) == nil } ?? false)
  }

  private func send(_ bytes: [UInt8]) throws -> Outcome {
    guard case .stream(let path) = place else { return .sent }
    func failure(_ failure: FileFailure) -> Failure {
      Failure(message: "'\(path)' cannot be written to: \(failure.reason).", endsRun: true)
    }
    let descriptor = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure(.system()) }
    defer { close(descriptor) }
    guard isatty(descriptor) == 0 else { throw failure(FileFailure("it is a terminal")) }
    do { try writeAll(bytes, to: descriptor) } catch { throw failure(error) }
    return .sent
  }
}
