import Foundation

/// Measured numbers as people read them: three digits that count.
enum Quantity {
  /// `1.23 s`, `45.6 ms`, `789 µs`
  static func time(_ seconds: Double) -> String {
    switch abs(seconds) {
    case _ where !seconds.isFinite: "-"
    // What rounds to 1000 of a unit is 1 of the next.
    case 0.9995...: "\(digits(seconds)) s"
    case 0.9995e-3...: "\(digits(seconds * 1e3)) ms"
    default: "\(digits(seconds * 1e6)) µs"
    }
  }

  /// Work done in a time, in 10^12 a second.
  static func tera(_ amount: Double, in seconds: Double) -> String {
    amount == 0 ? "-" : digits(amount / seconds / 1e12)
  }

  /// Work done in a time, in 10^9 a second.
  static func giga(_ amount: Double, in seconds: Double) -> String {
    amount == 0 ? "-" : digits(amount / seconds / 1e9)
  }

  /// `42 %`; below one percent with a decimal.
  static func share(_ part: Double, of whole: Double) -> String {
    let percent = 100 * part / whole
    return percent.isFinite ? "\(fixed(percent, percent < 0.95 ? 1 : 0)) %" : "-"
  }

  /// `1.23`: how many times as much as something else.
  static func ratio(_ amount: Double, to other: Double) -> String {
    (amount / other).isFinite ? fixed(amount / other, 2) : "-"
  }

  static func megabytes(_ bytes: Int) -> String { "\(bytes / 1_000_000) MB" }

  /// `7.1 ns`: of what is measured as one thing or the other, without digits that say nothing.
  static func nanoseconds(_ seconds: Double) -> String {
    seconds.isFinite ? "\(fixed(seconds * 1e9, seconds < 9.95e-9 ? 1 : 0)) ns" : "-"
  }

  /// `1230`, `123`, `12.3`, `1.23`, `0.0123`
  static func digits(_ value: Double) -> String {
    guard value.isFinite else { return "-" }
    guard value != 0 else { return "0" }
    // What three digits round up to the next power of ten belongs to that.
    let magnitude = Int(log10(abs(value) * 1.0005).rounded(.down))
    return fixed(value, min(max(2 - magnitude, 0), 9))
  }

  private static func fixed(_ value: Double, _ digits: Int) -> String {
    value.formatted(
      .number.precision(.fractionLength(digits)).grouping(.never).locale(Locale(identifier: "en_US_POSIX")))
  }
}
