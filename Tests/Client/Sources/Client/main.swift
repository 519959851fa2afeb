import Foundation
import Imagine

/// Draws with a model of several files and a refiner, and goes on where more kinds of events come.
func draw(_ prompt: String, model: URL, vae: URL, refiner: URL) async throws -> [UInt8] {
  let engine = try Engine(Engine.Options(device: .cpu, precision: .float32))
  var files = ModelFiles(model)
  files.vae = vae
  files.prediction = .velocity
  async let first = Pipeline(files: files, on: engine)
  async let second = Pipeline(model: refiner, on: engine)
  let (base, last) = try await (first, second)

  var request = GenerationRequest(prompt: prompt, steps: 4)
  request.clipSkip = 2
  request.originalSize = Size(width: 2048, height: 2048)
  request.crop = Crop(left: 0, top: 0)
  request.refiner = Refiner(last, start: 0.8)
  var bytes: [UInt8] = []
  for try await event in base.generate(base.resolved(request)) {
    switch event {
    case .notice(let notice): print(notice.code.rawValue, notice.message, notice.remedies.map(\.rawValue))
    case .stage(let stage): show(stage)
    case .step(let step): print("\(step.index) of \(step.count)")
    case .image(let image): bytes = try image.png()
    case .preview(let image): print(image.size)
    case .upscaling(let progress): print("\(progress.index) of \(progress.count)")
    @unknown default: break
    }
  }
  try await engine.unload(base)
  return bytes
}

func show(_ stage: GenerationStage) {
  switch stage {
  case .preparing(let network): print("preparing the \(network)")
  case .encoding, .denoising, .decoding: print("\(stage)")
  @unknown default: break
  }
}

/// What a program of any kind shows of an error.
func words(_ error: any Error) -> String {
  guard let error = error as? ImagineError else { return error.localizedDescription }
  let details = [error.path, error.device].compactMap { $0 } + error.remedies.map(\.rawValue)
  return ([error.localizedDescription] + details).joined(separator: "\n")
}

let arguments = CommandLine.arguments.dropFirst().map { URL(filePath: $0) }
do {
  if arguments.count == 1, let url = arguments.first {
    for place in try ModelReport.places(in: url) { print(place.lastPathComponent, ModelReport.summary(of: place)) }
  } else if arguments.count == 3 {
    print(try await draw("a red house", model: arguments[0], vae: arguments[1], refiner: arguments[2]).count)
  } else {
    print(try await Pipeline.demonstration().image(GenerationRequest(prompt: "a fish", steps: 2)).seed)
  }
} catch {
  print(words(error))
  exit(1)
}
