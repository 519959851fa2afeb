internal import ImagineCheckpoint
internal import ImagineGraph
internal import ImagineImage
internal import ImagineModels
internal import ImagineSampling

extension ImagineError {
  /// Runs `body`; whatever the layers below throw comes out as an `ImagineError`, cancellation as itself.
  package static func translating<Result>(_ body: () throws -> Result) throws -> Result {
    do { return try body() } catch { throw translated(error) }
  }

  static func translated(_ error: any Error) -> any Error {
    switch error {
    case is ImagineError, is CancellationError: error
    case let error as CheckpointError: ImagineError(code(of: error), error.description)
    case let error as ModelError: ImagineError(code(of: error), error.description)
    case let error as SamplingError: ImagineError(code(of: error), error.description)
    // Whatever computed: one cause has one code.
    case let error as any BackendFailure: ImagineError(code(of: error.failure), "\(error)")
    case let error as ImageError: ImagineError(code(of: error), error.description)
    case let error as GraphError:
      ImagineError(.internalError, "The model's graph is inconsistent: \(error.description).")
    default: ImagineError(.internalError, "\(error)")
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

  private static func code(of error: ImageError) -> Code {
    switch error {
    case .notFinite: .nonFiniteValues
    case .alreadyExists, .cannotRead, .cannotWrite: .unwritableOutput
    case .invalidSize, .invalidText: .internalError
    }
  }

  private static func code(of error: SamplingError) -> Code {
    switch error {
    case .unknownName: .invalidText
    case .stepCount: .invalidRequest
    case .invalidNoiseSchedule: .unsupportedModel
    case .notFinite: .nonFiniteValues
    case .invalidSigmas, .valueCount, .missingUnconditional: .internalError
    }
  }
}
