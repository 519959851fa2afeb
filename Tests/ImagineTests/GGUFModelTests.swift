import Foundation
import Imagine
import ImagineEngineTesting
import Testing

@Suite("A GGUF file draws what its numbers draw") struct GGUFModelTests {
  private func draw(_ model: URL, _ options: Pipeline.Options) async throws -> GeneratedImage {
    try await Pipeline(model: model, options: options).image(TinyModel.request)
  }

  @Test(arguments: [Imagine.Precision.float32, .bfloat16], [LowMemory.never, .always])
  func samePicture(_ precision: Imagine.Precision, _ lowMemory: LowMemory) async throws {
    try await withTemporaryFolder { folder in
      let (gguf, plain) = (folder.appending(path: "tiny.gguf"), folder.appending(path: "tiny.safetensors"))
      try GGUFCopy.write(of: TinyModel.file, to: gguf, plain: plain)
      let options = Pipeline.Options(precision: precision, lowMemory: lowMemory)
      let picture = try await draw(gguf, options)
      #expect(picture.pixels == (try await draw(plain, options)).pixels)
      // Its numbers are not those of the model that it was made of.
      #expect(picture.pixels != (try await draw(TinyModel.file, options)).pixels)
    }
  }

  @Test("Its networks stand in for those of another file") func networks() async throws {
    try await withTemporaryFolder { folder in
      let (gguf, plain) = (folder.appending(path: "tiny.gguf"), folder.appending(path: "tiny.safetensors"))
      try GGUFCopy.write(of: TinyModel.file, to: gguf, plain: plain)
      func draw(_ unet: URL) async throws -> GeneratedImage {
        var files = ModelFiles(TinyModel.file)
        files.unet = unet
        return try await Pipeline(files: files, options: .init(precision: .float32)).image(TinyModel.request)
      }
      #expect(try await draw(gguf).pixels == draw(plain).pixels)
    }
  }
}
