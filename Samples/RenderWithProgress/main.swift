// Renders one picture with progress on the terminal; Ctrl-C cancels it.
//
//     swift run -c release RenderWithProgress "a red house under a yellow sun" house.png [model.safetensors]

import Dispatch
import Foundation
import Imagine

/// Opens the model, draws, writes the picture.
func render(prompt: String, output: URL, model: URL?) async throws {
  let pipeline =
    if let model { try await Pipeline(model: model) } else { try await Pipeline.demonstration() }

  // The model knows which size, steps and sampler suit it; change what matters to you.
  var request = pipeline.recommendedRequest(prompt: prompt)
  request.seed = 42

  for try await event in pipeline.generate(request) {
    switch event {
    case .notice(let notice): print(notice)
    case .stage(let stage): if case .preparing(let network) = stage { print("preparing the \(network)") }
    case .step(let step): print("step \(step.index) of \(step.count)")
    case .image(let image):
      try image.writePNG(to: output)
      print("wrote \(output.path) with seed \(image.seed)")
    case .preview, .upscaling: break
    // More kinds of events may come.
    @unknown default: break
    }
  }
}

let arguments = CommandLine.arguments.dropFirst()
let prompt = arguments.first ?? "a red house under a yellow sun"
let output = URL(filePath: arguments.dropFirst().first ?? "picture.png")
let model = arguments.dropFirst(2).first.map { URL(filePath: $0) }

let task = Task { try await render(prompt: prompt, output: output, model: model) }

// Cancelling the task is all it takes to stop: the pipeline ends after the step it is in, and nothing is written.
signal(SIGINT, SIG_IGN)
let interrupts = DispatchSource.makeSignalSource(signal: SIGINT)
interrupts.setEventHandler { task.cancel() }
interrupts.resume()

do {
  try await task.value
} catch is CancellationError {
  print("cancelled")
} catch {
  print("\(error)")
  exit(1)
}
