internal import ImagineSampling

/// A program whose pictures are to be drawn again, habits included.
public struct Likeness: Sendable, Hashable {
  let kind: ImagineSampling.Likeness

  public static let a1111 = Likeness(kind: .a1111)
  public static let comfyUI = Likeness(kind: .comfyUI)
  public static let diffusers = Likeness(kind: .diffusers)
  public static let stableDiffusionCpp = Likeness(kind: .stableDiffusionCpp)

  /// Every program there is.
  public static let all = ImagineSampling.Likeness.allCases.map(Likeness.init)

  public var name: String { kind.rawValue }

  private init(kind: ImagineSampling.Likeness) { self.kind = kind }

  /// Reads a program's name.
  ///
  /// - Throws: `ImagineError` with the list of programs.
  public init(named name: String) throws {
    kind = try ImagineError.translating { try ImagineSampling.Likeness(name: name) }
  }

  /// Whose random numbers it draws unless told otherwise.
  var randomSource: RandomSource {
    switch kind {
    case .a1111, .stableDiffusionCpp: .cuda
    case .comfyUI, .diffusers: .cpu
    }
  }

  /// The language of its prompts.
  var promptSyntax: PromptSyntax {
    switch kind {
    case .a1111, .stableDiffusionCpp: .a1111
    case .comfyUI: .comfy
    case .diffusers: .plain
    }
  }
}
