internal import Foundation
package import ImagineImage
internal import ImagineModels

/// A picture that guides drawing, through a ControlNet or a T2I-Adapter.
package struct PictureControl: Sendable {
  /// Whether prompt or picture gives way where they disagree: the choices of A1111's ControlNet extension, and diffusers'
  /// guess mode.
  package enum Importance: String, Sendable, Hashable, CaseIterable {
    case balanced
    /// The coarser a level, the more of its guidance counts.
    case prompt
    /// The same, and only the prompt's half of guidance is guided.
    case control
    /// Only the prompt's half is guided, at the finest level a tenth as much as in the middle.
    case guess
  }

  package let opened: OpenedControl
  /// As it was given.
  package var picture: RGBImage
  package var fitting = Fitting.crop
  package var preprocessor = Preprocessor.asIs
  /// Whether the part that is painted anew is hidden from the network, as those for inpainting were trained.
  package var hidesMask = false
  package var weight: Float = 1
  /// The share of the steps at which it begins and ends to guide.
  package var start = 0.0
  package var end = 1.0
  package var importance = Importance.balanced

  package init(_ opened: OpenedControl, picture: RGBImage) {
    self.opened = opened
    self.picture = picture
  }

  /// Whether it guides in a step of so many, from 0: as diffusers keeps ControlNets.
  func isActive(step: Int, of count: Int) -> Bool {
    isGuiding(from: start, to: end, step: step, of: count) && weight != 0
  }

  /// What each of the results counts: for each skip from the finest, and for the middle.
  func scales(_ count: Int) -> [Float] {
    switch importance {
    case .balanced: [Float](repeating: weight, count: count)
    // A1111 counts 13 results, and of Stable Diffusion XL's the first ten.
    case .prompt, .control: (0..<count).map { weight * Float(pow(0.825, Double(12 - $0))) }
    // As torch.logspace from a tenth to 1.
    case .guess where poolsResiduals: [Float](repeating: weight, count: count)
    case .guess: (0..<count).map { weight * Float(pow(10, -1 + Double($0) / Double(max(count - 1, 1)))) }
    }
  }

  /// The same of a T2I-Adapter's levels, of which A1111 knows four.
  func featureScales(_ count: Int) -> [Float] {
    guard importance != .balanced, importance != .guess else { return [Float](repeating: weight, count: count) }
    return [0.25, 0.62, 0.825, 1].prefix(count).map { weight * $0 }
  }

  /// Whether it guides the negative prompt, too.
  var guidesAll: Bool { importance != .control && importance != .guess && !poolsResiduals }

  var poolsResiduals: Bool {
    if case .controlNet(let configuration) = opened.kind { configuration.poolsResiduals } else { false }
  }
}

/// Pictures as a prompt, through an IP-Adapter.
package struct PicturePrompt: Sendable {
  package let opened: OpenedImagePrompt
  package var pictures: [RGBImage]
  package var weight: Float = 1
  package var start = 0.0
  package var end = 1.0

  package init(_ opened: OpenedImagePrompt, pictures: [RGBImage]) {
    self.opened = opened
    self.pictures = pictures
  }

  func isActive(step: Int, of count: Int) -> Bool {
    isGuiding(from: start, to: end, step: step, of: count) && weight != 0
  }
}

/// Whether a stretch of the steps, in shares of them, has all of a step in it.
private func isGuiding(from start: Double, to end: Double, step: Int, of count: Int) -> Bool {
  let count = Double(max(count, 1))
  return !(Double(step) / count < start || Double(step + 1) / count > end)
}
