internal import ImagineGraph

extension Fallback {
  /// What a step down means for the person: what happened, what is done about it, what would help.
  ///
  /// - Parameters:
  ///   - network: what failed, as people call it.
  ///   - mode: how it was run. That tiles get smaller goes without saying.
  func notice(_ network: String, after failure: BackendFailureKind, from mode: RunMode) -> EngineNotice? {
    let shortage =
      failure == .outOfMemory
      ? "There is not enough memory for the \(network)" : "The device has no values large enough for the \(network)"
    func notice(_ message: String, _ remedies: [Remedy] = []) -> EngineNotice {
      EngineNotice(.fallback, message, remedies: remedies)
    }
    return switch self {
    case .otherModels:
      notice(
        "\(shortage) beside other models: those make room and are loaded again when they are needed, which takes longer."
      )
    case .alone:
      notice(
        "\(shortage) beside the other networks: each makes room for the next and is loaded again when it is needed, which "
          + "takes longer; a smaller size avoids it.")
    case .splitGuidance:
      notice(
        "\(shortage) with both prompts at once: it runs for one after the other, which takes a little longer; a smaller "
          + "size avoids it.")
    case .passingWeights:
      notice(
        "\(shortage) on the device: weights that have no room there stay in the machine's memory and are copied over at each "
          + "use, which takes longer.")
    case .tiles where mode.tile != nil:
      nil
    case .tiles:
      notice(
        "\(shortage) with the whole picture: it does the same picture in tiles, which takes longer; a smaller size avoids it."
      )
    case .wide:
      notice(
        "The \(network) met values that 16-bit numbers do not hold: it repeats its work in 32-bit ones; computing in f32 or "
          + "bf16 avoids it.", [.float32, .bfloat16])
    case .reopening:
      notice(
        "The device was lost: it is opened again and given less work at a time, and what it was doing is repeated; if this "
          + "comes back, a newer driver may help.")
    case .processor where failure == .deviceLost:
      notice(
        "The device was lost and does not come back: the processor does the rest, which is slower; a newer driver avoids "
          + "it, or choosing the processor.", [.processor])
    case .processor:
      notice("\(shortage): it runs on the processor, which is slower; a smaller size avoids it.")
    }
  }
}
