internal import ImagineAdapters
internal import ImagineCheckpoint
internal import ImagineGraph
internal import ImagineImage
internal import ImagineModels
internal import ImagineSampling
internal import ImagineText

/// What kept the engine from doing what it was asked.
package struct EngineError: Error, Sendable, CustomStringConvertible {
  package enum Code: String, Sendable, Hashable, CaseIterable {
    case invalidRequest = "invalid-request"
    case unreadableModel = "unreadable-model"
    case unsupportedModel = "unsupported-model"
    case incompleteModel = "incomplete-model"
    case outOfMemory = "out-of-memory"
    case unknownDevice = "unknown-device"
    case deviceFailed = "device-failed"
    case nonFiniteValues = "non-finite-values"
    case unwritableOutput = "unwritable-output"
    case unreadablePicture = "unreadable-picture"
    case invalidText = "invalid-text"
    case internalError = "internal-error"
  }

  package let code: Code
  /// One sentence that names the thing and the way out.
  package let message: String
  /// Choices that would avoid it, the best first.
  package let remedies: [Remedy]
  /// The file or folder that it is about.
  package var path: String?
  /// What computed.
  package var device: String?
  /// What a layer below threw.
  package var cause: (any Error)?

  package init(
    _ code: Code, _ message: String, remedies: [Remedy] = [], path: String? = nil, device: String? = nil,
    cause: (any Error)? = nil
  ) {
    self.code = code
    self.message = message
    self.remedies = remedies
    self.path = path
    self.device = device
    self.cause = cause
  }

  package var description: String { message }
}

/// A choice that would avoid an error or what a notice tells of; how it is chosen is for whoever shows it.
package enum Remedy: String, Sendable, Hashable, CaseIterable {
  case processor
  case graphicsCard = "graphics-card"
  case lowMemory = "low-memory"
  case usualMemory = "usual-memory"
  case ignoringMemory = "ignoring-memory"
  case float32 = "f32"
  case bfloat16 = "bf16"
}

/// Something the person should know about a request that is drawn all the same.
package struct EngineNotice: Sendable, Hashable {
  package enum Code: String, Sendable, Hashable, CaseIterable {
    case promptLanguage = "prompt-language"
    case negativePrompt = "negative-prompt"
    case unusualSize = "unusual-size"
    case settings
    case device
    case memory
    case fallback
    case model
  }

  package let code: Code
  /// One sentence, or a few.
  package let message: String
  package let remedies: [Remedy]

  package init(_ code: Code, _ message: String, remedies: [Remedy] = []) {
    self.code = code
    self.message = message
    self.remedies = remedies
  }
}

extension EngineError {
  /// Runs `body`; whatever the layers below throw comes out as an `EngineError`, cancellation as itself.
  package static func translating<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch { throw translated(error) }
  }

  /// - Parameter device: what computed, for failures of a device.
  package static func translated(_ error: any Error, device: String? = nil) -> any Error {
    func made(_ code: Code, _ message: String) -> EngineError { EngineError(code, message, cause: error) }
    switch error {
    case is EngineError, is CancellationError: return error
    case let error as CheckpointError: return made(code(of: error), error.description)
    case let error as ModelError: return made(code(of: error), error.description)
    case let error as AdapterError: return made(code(of: error), error.description)
    case let error as SamplingError: return made(code(of: error), error.description)
    // Whatever computed: one cause has one code.
    case let failure as any BackendFailure:
      return EngineError(code(of: failure.failure), "\(failure)", device: device, cause: failure)
    case let error as PromptError: return made(.invalidRequest, error.description)
    case let error as ImageError: return made(code(of: error), error.description)
    case let error as GraphError:
      return made(.internalError, "The model's graph is inconsistent: \(error.description).")
    default: return made(.internalError, "\(error)")
    }
  }

  private static func code(of failure: BackendFailureKind) -> Code {
    switch failure {
    case .outOfMemory: .outOfMemory
    case .notFinite: .nonFiniteValues
    case .unsupported, .deviceLost, .other: .deviceFailed
    }
  }

  private static func code(of error: CheckpointError) -> Code {
    error.code == CheckpointError.Code.cannotWrite.rawValue ? .unwritableOutput : .unreadableModel
  }

  private static func code(of error: ModelError) -> Code {
    switch error.code {
    case .incomplete: .incompleteModel
    case .invalidConfiguration, .unsupported: .unsupportedModel
    }
  }

  private static func code(of error: AdapterError) -> Code {
    switch error.code {
    case .invalid: .unreadableModel
    case .unsupported, .wrongModel: .unsupportedModel
    }
  }

  private static func code(of error: ImageError) -> Code {
    switch error {
    case .notFinite: .nonFiniteValues
    case .cannotRead: .unreadablePicture
    case .alreadyExists, .cannotWrite, .invalidText: .unwritableOutput
    case .invalidSize: .internalError
    }
  }

  private static func code(of error: SamplingError) -> Code {
    switch error {
    case .unknownName: .invalidText
    case .stepCount, .invalidSigmas, .invalidSetting, .strength: .invalidRequest
    case .invalidNoiseSchedule: .unsupportedModel
    case .notFinite: .nonFiniteValues
    case .valueCount, .maskSize: .internalError
    }
  }
}
