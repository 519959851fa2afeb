import ImagineCheckpoint

/// What a model says of noise of every level (Karras et al. 2022): by its scheduler's class, or by tensors that are there to
/// say it.
extension CheckpointLayout {
  private static let levels = 1e-6...1e6

  /// Playground 2.5's sign in single files: the statistics of its latents.
  var hasEDMStatistics: Bool { markers.contains("edm_mean") && markers.contains("edm_std") }

  /// The noise; nil for a beta schedule.
  ///
  /// - Throws: `ModelError` for levels that are none, and for levels that go with no such noise.
  func edm() throws -> SchedulerConfiguration.EDM? {
    var edm = SchedulerConfiguration.EDM()
    if ["EDMEulerScheduler", "EDMDPMSolverMultistepScheduler"].contains(note("scheduler", "_class_name")?.word) {
      edm.sigmaMin = try number("scheduler", "sigma_min", in: Self.levels) ?? edm.sigmaMin
      edm.sigmaMax = try number("scheduler", "sigma_max", in: Self.levels) ?? edm.sigmaMax
      edm.sigmaData = try number("scheduler", "sigma_data", in: Self.levels) ?? edm.sigmaData
      return edm
    }
    for key in ["sigma_min", "sigma_max", "sigma_data"] {
      guard let value = note("scheduler", key), value != .null else { continue }
      throw ModelError.setting("scheduler", key, value, "this version draws only without it")
    }
    if hasEDMStatistics { return edm }
    guard markers.contains("edm_vpred.sigma_max") || markers.contains("edm_vpred.sigma_min") else { return nil }
    // CosXL's, whose data counts as of deviation 1.
    edm.sigmaData = 1
    edm.sigmaMin = try level("edm_vpred.sigma_min") ?? edm.sigmaMin
    edm.sigmaMax = try level("edm_vpred.sigma_max") ?? 120
    return edm
  }

  private func level(_ marker: String) throws -> Double? {
    guard let values = markerValues[marker], !values.isEmpty else { return nil }
    guard let value = values.first, values.count == 1, Self.levels ~= Double(value) else {
      throw ModelError.contradiction("the tensor \(marker) holds \(values.prefix(3)), which is no level of noise")
    }
    return Double(value)
  }
}
