public import Foundation
internal import ImagineEngine

/// A picture that guides drawing, through a ControlNet or a T2I-Adapter.
///
/// Several guide at once: what their networks say is added up.
public struct ControlImage: Sendable, Hashable {
  /// The network's file or diffusers folder, made for models of the request's family.
  public var model: URL
  /// Nil is the picture to be changed.
  public var picture: SourcePicture?
  /// What is made of the picture before the network looks at it.
  public var preprocessor = ControlPreprocessor.none
  /// How much it counts; 1 as the network was trained.
  public var weight: Float = 1
  /// The shares of the steps at which it begins and ends to guide.
  public var start = 0.0
  public var end = 1.0
  /// What gives way where prompt and picture disagree.
  public var importance = ControlImportance.balanced
  /// How the picture is brought to the request's size.
  public var resizing = Resizing.crop

  public init(model: URL, picture: SourcePicture? = nil) {
    self.model = model
    self.picture = picture
  }
}

/// What gives way where a prompt and a picture that guides disagree.
public enum ControlImportance: String, Sendable, Hashable, CaseIterable {
  /// Neither: AUTOMATIC1111's "Balanced".
  case balanced
  /// The picture: "My prompt is more important".
  case prompt
  /// The prompt: "ControlNet is more important".
  case control
  /// The prompt, of which there need not be any: diffusers' guess mode.
  case guess

  var kind: PictureControl.Importance {
    switch self {
    case .balanced: .balanced
    case .prompt: .prompt
    case .control: .control
    case .guess: .guess
    }
  }
}
