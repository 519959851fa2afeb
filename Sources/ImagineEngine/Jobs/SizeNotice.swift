extension EngineNotice {
  /// What to expect of a picture of a size from a model made for another; nil if the two are near.
  ///
  /// A model knows pictures of the size it was trained on: far above it fills the room with repetitions, far below it has
  /// none for what it knows.
  init?(width: Int, height: Int, ownWidth: Int, ownHeight: Int) {
    let area = Double(width) * Double(height) / (Double(ownWidth) * Double(ownHeight))
    let sides = [Double(width) / Double(ownWidth), Double(height) / Double(ownHeight)]
    let effect: String
    if area > 2.3 || sides.contains(where: { $0 >= 2 }) {
      effect = "things tend to be repeated in"
    } else if area < 0.3 || sides.contains(where: { $0 < 0.5 }) {
      effect = "little can be recognised in"
    } else {
      return nil
    }
    self.init(
      .unusualSize,
      "The model was made for \(ownWidth)x\(ownHeight), and \(width)x\(height) is far from that: \(effect) such pictures."
    )
  }
}
