import ArgumentParser
import Foundation
import Imagine

/// How prompts are read.
struct PromptOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The language of prompts: \(Choices.sentence(PromptSyntax.all.map(\.name))). plain reads every character as text. "
        + "Default: a1111; comfy with --like comfyui, plain with --like diffusers.", valueName: "name"),
    completion: .list(PromptSyntax.all.map(\.name)),
    transform: { try Choices.named($0, PromptSyntax.init(named:)) })
  var promptSyntax: PromptSyntax?

  @Option(
    help: ArgumentHelp(
      "What weights in a prompt do: \(Choices.sentence(Emphasis.all.map(\.name))). Default: original, as AUTOMATIC1111; comfy "
        + "with ComfyUI's language.", valueName: "name"), completion: .list(Emphasis.all.map(\.name)),
    transform: { try Choices.named($0, Emphasis.init(named:)) })
  var emphasis: Emphasis?

  @Option(
    name: .customLong("prompt-2"), parsing: .unconditional,
    help: ArgumentHelp(
      "Stable Diffusion XL: what its second text encoder reads. Default: the prompt.", valueName: "text"))
  var secondPrompt: String?

  @Option(
    name: .customLong("negative-prompt-2"), parsing: .unconditional,
    help: ArgumentHelp(
      "Stable Diffusion XL: what its second text encoder reads as the negative prompt. Default: the negative prompt.",
      valueName: "text"))
  var secondNegativePrompt: String?

  @Option(
    help: ArgumentHelp(
      "A textual inversion's file; prompts name it by the file's name. Can be given several times.", valueName: "file"),
    completion: .file(extensions: ["safetensors", "pt", "bin"]))
  var embedding: [String] = []

  func apply(to request: inout GenerationRequest) {
    if let promptSyntax { request.promptSyntax = promptSyntax }
    if let emphasis { request.emphasis = emphasis }
    request.embeddings += embedding.map { Embedding(URL(filePath: $0)) }
    if let secondPrompt { request.secondPrompt = secondPrompt }
    if let secondNegativePrompt { request.secondNegativePrompt = secondNegativePrompt }
  }
}
