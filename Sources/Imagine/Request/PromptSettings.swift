internal import ImagineText

/// The language that prompts are written in.
public struct PromptSyntax: Sendable, Hashable {
  let kind: ImagineText.PromptSyntax

  /// AUTOMATIC1111's: `(a:1.2)`, `((a))`, `[a]`, `BREAK`, `AND`, `[from:to:when]`, `[a|b]`.
  public static let a1111 = PromptSyntax(kind: .a1111)
  /// ComfyUI's: `(a:1.2)`, with its meaning of weights.
  public static let comfy = PromptSyntax(kind: .comfy)
  /// None: every character is text.
  public static let plain = PromptSyntax(kind: .plain)

  /// Every language there is.
  public static let all = ImagineText.PromptSyntax.allCases.map(PromptSyntax.init)

  public var name: String { kind.rawValue }

  init(kind: ImagineText.PromptSyntax) { self.kind = kind }

  /// Reads a language's name.
  ///
  /// - Throws: `ImagineError` with the list of languages.
  public init(named name: String) throws {
    guard let syntax = Self.all.first(where: { $0.name == name.lowercased() }) else {
      throw ImagineError(.invalidText, "\"\(name)\" is no language of prompts: choose a1111, comfy or plain.")
    }
    self = syntax
  }
}

/// What weights in a prompt do to its vectors.
public struct Emphasis: Sendable, Hashable {
  let kind: ImagineText.Emphasis

  /// Vectors are multiplied, and their mean is restored: AUTOMATIC1111's "Original".
  public static let original = Emphasis(kind: .original)
  /// Vectors are multiplied: AUTOMATIC1111's "No norm".
  public static let noNorm = Emphasis(kind: .noNorm)
  /// Weights are read and have no effect.
  public static let ignore = Emphasis(kind: .ignore)
  /// Vectors move away from those of an empty prompt: ComfyUI's.
  public static let comfy = Emphasis(kind: .comfy)

  /// Every meaning there is.
  public static let all = ImagineText.Emphasis.allCases.map(Emphasis.init)

  public var name: String { kind.rawValue }

  init(kind: ImagineText.Emphasis) { self.kind = kind }

  /// Reads a meaning's name, also as AUTOMATIC1111 writes it, such as `No norm`.
  ///
  /// - Throws: `ImagineError` with the list of meanings.
  public init(named name: String) throws {
    let key = name.lowercased().split { !$0.isLetter }.joined(separator: "_")
    guard let emphasis = Self.all.first(where: { $0.name == key }) else {
      throw ImagineError(
        .invalidText,
        "No emphasis is called \"\(name)\": choose one of \(Self.all.map(\.name).joined(separator: ", ")).")
    }
    self = emphasis
  }
}
