public import Foundation

/// Pictures that a model looks at as at a prompt, through an IP-Adapter.
public struct ImagePrompt: Sendable, Hashable {
  /// The adapter's file, made for models of the request's family.
  public var model: URL
  /// The image encoder's file or folder; nil is the one in a folder `image_encoder` beside the adapter.
  public var encoder: URL?
  /// At least one: their tokens stand behind each other.
  public var pictures: [SourcePicture]
  /// How much they count beside the words; 1 as the adapter was trained.
  public var weight: Float = 1
  /// The shares of the steps at which they begin and end to count.
  public var start = 0.0
  public var end = 1.0

  public init(model: URL, encoder: URL? = nil, pictures: [SourcePicture]) {
    self.model = model
    self.encoder = encoder
    self.pictures = pictures
  }
}
