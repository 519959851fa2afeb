import ArgumentParser
import Foundation
import Imagine

/// `imagine "a lighthouse at dusk"`: draws pictures.
struct RenderCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "imagine",
    abstract: "Draw pictures from words with Stable Diffusion.",
    usage: """
      imagine "prompt" [options]
      imagine --prompts <file> [options]
      imagine again <picture> [options]
      imagine upscale <picture> ... --model <upscaler>
      imagine inspect <model> ...
      imagine devices
      imagine bench
      """,
    discussion: """
      The path of each picture is printed on the standard output, everything else on the standard error. An existing \
      file is never overwritten: the next free name is taken (name-2.png). The exit status is 0 for success, 1 for a \
      failure, 2 for a mistake on the command line, 130 after Ctrl-C.

      EXAMPLES:
        imagine "a red house under a yellow sun"
        imagine "a lighthouse at dusk" -m v1-5.safetensors --size 512x768 -s 42 -o lighthouse.png
        imagine "a forest" --sampler "DPM++ 2M Karras" --steps 25 -b 4 -o forests
        imagine "a forest" -m sdxl.safetensors --refiner refiner.safetensors
        imagine "a forest" -m v1-5.safetensors --vae vae.safetensors --clip-skip 2
        imagine "a ((red)) house" -i sketch.jpg --strength 0.6 --mask roof.png
        imagine "a forest" --hires-scale 1.5 --tiling x
        imagine "a forest" --upscale realesrgan-x4plus.pth:2
        imagine again forest.png --vary    draws a picture again with another seed
        imagine upscale photo.jpg -m realesrgan-x4plus.pth
        imagine --prompts prompts.txt -o pictures
        imagine --estimate --size 1024     shows what memory it takes
        imagine inspect v1-5.safetensors   shows what a model file holds
        imagine inspect models             shows what each file in a folder is
        imagine devices                    shows what can compute
        imagine bench                      measures how fast it does
      """,
    version: ImagineVersion.number)

  @OptionGroup var arguments: RenderArguments

  func run() async throws {
    let display = Display(verbosity: arguments.output.verbosity, previews: arguments.output.preview)
    defer { display.close() }
    guard !arguments.output.estimate else { return try await printEstimate(display) }
    let renderer = try Renderer(DrawingOrder(arguments), display)
    try await Interruption.handled(telling: display) {
      var renderer = renderer
      try await renderer.run()
    }
  }

  private func printEstimate(_ display: Display) async throws {
    let order = DrawingOrder(arguments)
    let models = try await DrawingModels(order, display)
    let estimate = try await models.pipeline.estimate(models.request(order, SourcePictures()))
    try StandardOutput.write(arguments.output.json ? JSONText.of(estimate) : EstimateReport(estimate).text)
  }
}
