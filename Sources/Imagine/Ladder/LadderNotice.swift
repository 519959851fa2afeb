internal import ImagineGraph

extension Rung {
  /// What a step down means for the person: what happened, what is done about it, what would help.
  ///
  /// - Parameter footing: what failed. That tiles get smaller goes without saying.
  func notice(_ stage: Stage, after failure: BackendFailureKind, at footing: Footing) -> String? {
    let network = stage.network
    let shortage =
      failure == .outOfMemory
      ? "There is not enough memory for the \(network)" : "The device has no values large enough for the \(network)"
    return switch self {
    case .alone:
      "\(shortage) beside the other networks: each makes room for the next and is loaded again when it is needed, which "
        + "takes longer; a smaller size avoids it."
    case .splitGuidance:
      "\(shortage) with both prompts at once: it runs for one after the other, which takes a little longer; a smaller size "
        + "avoids it."
    case .tiles where footing.tile != nil:
      nil
    case .tiles:
      "\(shortage) with the whole picture: it decodes the same picture in tiles, which takes longer; a smaller size "
        + "avoids it."
    case .wide:
      "The \(network) met values that 16-bit numbers do not hold: it repeats its work in 32-bit ones; --precision f32 or "
        + "bf16 avoids it."
    case .reopening:
      "The device was lost: it is opened again and given less work at a time, and what it was doing is repeated; if this "
        + "comes back, a newer driver may help."
    case .processor where failure == .deviceLost:
      "The device was lost and does not come back: the processor does the rest, which is slower; a newer driver or "
        + "--device cpu avoids it."
    case .processor:
      "\(shortage): it runs on the processor, which is slower; a smaller size avoids it."
    }
  }
}
