import Foundation

/// The limit of addresses that `ulimit -v` sets. Below a certain one the language's own threads cannot start, and the program
/// would wait for them for ever.
enum AddressLimit {
  /// What the program needs before it knows what it is to do, in bytes.
  private static let minimum: UInt64 = 450_000_000

  /// What is wrong with the limit, as a sentence; nil if nothing is.
  static var problem: String? {
    #if os(Linux)
      var limit = rlimit()
      guard getrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit) == 0, limit.rlim_cur < minimum else {
        return nil
      }
      return
        "Only \(limit.rlim_cur / 1_000_000) MB of addresses are allowed, and the program needs \(minimum / 1_000_000) MB "
        + "before it begins: raise the limit (ulimit -v)."
    #else
      return nil
    #endif
  }
}
