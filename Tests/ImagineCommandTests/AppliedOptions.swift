import Imagine

@testable import ImagineCommand

extension PromptFileEntry {
  /// As for a model of 512x512.
  func applied(to request: GenerationRequest) throws -> GenerationRequest {
    try applied(to: request, usual: Size(width: 512, height: 512), SourcePictures())
  }
}

extension PictureOptions {
  /// As for a model of 512x512.
  func applied(to request: GenerationRequest) throws -> GenerationRequest {
    try applied(to: request, usual: Size(width: 512, height: 512), SourcePictures())
  }
}
