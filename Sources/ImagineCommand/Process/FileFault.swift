import Foundation

/// The end of a run under which a file's contents went away: somebody cut a model short at the very moment it was read, or
/// the disk failed.
///
/// The library notices files that were changed before and after it reads, and throws. What is left arrives as a signal, which
/// only a program can answer for itself.
enum FileFault {
  static func answer() {
    signal(SIGBUS) { _ in
      // Only what may be called in a signal's handler.
      let sentence: StaticString = """

        imagine: a file could not be read any more, since it was cut short or its disk failed: check the model's file, \
        and start again.

        """
      _ = write(STDERR_FILENO, sentence.utf8Start, sentence.utf8CodeUnitCount)
      _exit(1)
    }
  }
}
