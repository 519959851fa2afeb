/// The language that a prompt is written in.
package enum PromptSyntax: String, Sendable, Hashable, CaseIterable {
  /// AUTOMATIC1111's: weights, emphasis, `BREAK`, `AND`, edits and alternations.
  case a1111
  /// ComfyUI's: weights in round brackets.
  case comfy
  /// None: every character is text.
  case plain
}

/// What weights in a prompt do to its vectors.
package enum Emphasis: String, Sendable, Hashable, CaseIterable {
  /// AUTOMATIC1111's "Original": vectors are multiplied, and their mean is restored.
  case original
  /// AUTOMATIC1111's "No norm": vectors are multiplied.
  case noNorm = "no_norm"
  /// Weights are read and have no effect.
  case ignore
  /// ComfyUI's: vectors move away from those of an empty prompt.
  case comfy
}
