import Foundation

/// Questions that the terminal answers itself.
enum TerminalQuery {
  /// Whether the terminal on standard input and output says that it draws sixels: number 4 among its primary device attributes
  /// (DA1). False if either is none, if the program is in the background, or if there is no answer soon.
  static func answersSixel(within milliseconds: Int = 200) -> Bool {
    guard isatty(STDIN_FILENO) == 1, isatty(STDOUT_FILENO) == 1, tcgetpgrp(STDIN_FILENO) == getpgrp() else {
      return false
    }
    var before = termios()
    guard tcgetattr(STDIN_FILENO, &before) == 0 else { return false }
    var silent = before
    // The answer comes as if it were typed: neither shown nor held back until the end of a line.
    silent.c_lflag &= ~tcflag_t(ECHO | ICANON)
    guard tcsetattr(STDIN_FILENO, TCSANOW, &silent) == 0 else { return false }
    defer { _ = tcsetattr(STDIN_FILENO, TCSANOW, &before) }
    let question: [UInt8] = [0x1B, 0x5B, 0x63]
    guard write(STDOUT_FILENO, question, question.count) == question.count else { return false }
    return hasSixel(reply: reply(within: milliseconds)) ?? false
  }

  /// Whether an answer names sixels: `ESC [ ? 62 ; 4 ; ... c`. Nil if it is not complete.
  static func hasSixel(reply: [UInt8]) -> Bool? {
    guard let start = reply.firstRange(of: [0x1B, 0x5B, 0x3F])?.upperBound,
      let end = reply[start...].firstIndex(of: UInt8(ascii: "c"))
    else { return nil }
    // The first number is the kind of terminal.
    return reply[start..<end].split(separator: UInt8(ascii: ";")).dropFirst().contains([UInt8(ascii: "4")])
  }

  private static func reply(within milliseconds: Int) -> [UInt8] {
    let end = ContinuousClock.now + .milliseconds(milliseconds)
    var reply: [UInt8] = []
    while hasSixel(reply: reply) == nil, reply.count < 256 {
      let left = ContinuousClock.now.duration(to: end) / .milliseconds(1)
      var events = pollfd(fd: STDIN_FILENO, events: Int16(POLLIN), revents: 0)
      guard left > 0, poll(&events, 1, Int32(left.rounded(.up))) > 0 else { break }
      var byte: UInt8 = 0
      guard read(STDIN_FILENO, &byte, 1) == 1 else { break }
      reply.append(byte)
    }
    return reply
  }
}

extension CellSize {
  /// That of the terminal behind a descriptor; nil if it does not say.
  init?(descriptor: Int32) {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0,
      size.ws_xpixel >= size.ws_col, size.ws_ypixel >= size.ws_row
    else { return nil }
    self.init(width: Int(size.ws_xpixel / size.ws_col), height: Int(size.ws_ypixel / size.ws_row))
  }
}

extension TerminalFacts {
  /// What is known of the terminal behind the standard output.
  static var ofStandardOutput: TerminalFacts {
    TerminalFacts(
      variables: ProcessInfo.processInfo.environment, isTerminal: isatty(STDOUT_FILENO) == 1,
      answersSixel: { TerminalQuery.answersSixel() })
  }
}
