import Foundation

/// Numbers as people read them.
enum Wording {
  /// `14 s`, `3 min 05 s`, `2 h 05 min`; below ten seconds with a decimal if `precise`.
  static func duration(_ seconds: Double, precise: Bool = false) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "very long" }
    if precise, seconds < 60 { return "\(decimal(max(0, seconds), seconds < 10 ? 2 : 1)) s" }
    let whole = Int(max(0, seconds).rounded())
    return switch whole {
    case ..<60: "\(whole) s"
    case ..<3600: "\(whole / 60) min \(twoDigits(whole % 60)) s"
    default: "\(whole / 3600) h \(twoDigits(whole % 3600 / 60)) min"
    }
  }

  static func duration(_ duration: Duration) -> String {
    Self.duration(duration / .seconds(1), precise: true)
  }

  /// `1.23 s/step` or `4.5 steps/s`, whichever number is above one.
  static func rate(secondsPerStep seconds: Double) -> String {
    seconds >= 1 || seconds <= 0 ? "\(decimal(seconds, 2)) s/step" : "\(decimal(1 / seconds, 1)) steps/s"
  }

  /// `512 B`, `34 kB`, `1.2 MB`, `6.94 GB`
  static func bytes(_ count: Int) -> String {
    let size = Double(max(0, count))
    return switch size {
    case ..<1000: "\(Int(size)) B"
    case ..<999_500: "\(Int((size / 1e3).rounded())) kB"
    case ..<999_500_000: "\(decimal(size / 1e6, size < 9_950_000 ? 1 : 0)) MB"
    default: "\(decimal(size / 1e9, size < 99_500_000_000 ? 2 : 0)) GB"
    }
  }

  static func count(_ number: Int, _ singular: String, _ plural: String) -> String {
    "\(number) \(number == 1 ? singular : plural)"
  }

  private static func decimal(_ value: Double, _ digits: Int) -> String {
    value.formatted(
      .number.precision(.fractionLength(digits)).grouping(.never).locale(Locale(identifier: "en_US_POSIX")))
  }

  private static func twoDigits(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
}
