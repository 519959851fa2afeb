extension Size {
  /// What to expect of a picture of this size from a model made for another; nil if the two are near.
  ///
  /// A model knows pictures of the size it was trained on: far above it fills the room with repetitions, far below it has
  /// none for what it knows.
  func notice(for own: Size) -> Notice? {
    let area = Double(width) * Double(height) / (Double(own.width) * Double(own.height))
    let sides = [Double(width) / Double(own.width), Double(height) / Double(own.height)]
    let effect: String
    if area > 2.3 || sides.contains(where: { $0 >= 2 }) {
      effect = "things tend to be repeated in"
    } else if area < 0.3 || sides.contains(where: { $0 < 0.5 }) {
      effect = "little can be recognised in"
    } else {
      return nil
    }
    return Notice(.unusualSize, "The model was made for \(own), and \(self) is far from that: \(effect) such pictures.")
  }
}
