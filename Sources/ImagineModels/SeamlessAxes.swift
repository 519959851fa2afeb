/// The axes along which a picture goes on where it began, so that copies of it can be laid side by side.
package struct SeamlessAxes: OptionSet, Sendable, Hashable {
  package let rawValue: Int

  package init(rawValue: Int) { self.rawValue = rawValue }

  /// The right edge meets the left one.
  package static let x = SeamlessAxes(rawValue: 1)
  /// The lower edge meets the upper one.
  package static let y = SeamlessAxes(rawValue: 2)

  /// The same as axes of images [N, H, W, C].
  package var imageAxes: Set<Int> { Set((contains(.y) ? [1] : []) + (contains(.x) ? [2] : [])) }
}
