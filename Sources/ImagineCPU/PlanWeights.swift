import ImagineGraph

/// The weights that a plan reads, each in the form its operation wants, in the order of the plan.
struct PlanWeights {
  private struct Request {
    let weight: StoredWeight
    let form: StoredWeight.Form
    let byteCount: Int
    let mayPass: Bool
    var isSteady: Bool

    /// Bytes of the copy that is packed; a weight that is not packed is read into its place.
    var plainBytes: Int { form == .plain ? 0 : weight.plainByteCount(in: form) }
  }

  private var requests: [Request] = []
  private var forms: [ObjectIdentifier: [StoredWeight.Form]] = [:]

  /// - Parameters:
  ///   - mayPass: whether the operation that reads the weight asks for it whenever it is computed.
  ///   - isSteady: whether that operation is.
  mutating func add(_ weight: StoredWeight, _ form: StoredWeight.Form, mayPass: Bool, isSteady: Bool) {
    let known = forms[ObjectIdentifier(weight), default: []]
    if known.contains(form) {
      for index in requests.indices where requests[index].weight === weight && requests[index].form == form {
        requests[index].isSteady = requests[index].isSteady && isSteady
      }
      return
    }
    forms[ObjectIdentifier(weight)] = known + [form]
    let byteCount = weight.byteCount(in: form)
    requests.append(
      Request(weight: weight, form: form, byteCount: byteCount, mayPass: mayPass, isSteady: isSteady))
  }

  /// Which of them stay in memory.
  ///
  /// - Parameter room: bytes for all of them; nil keeps all.
  func residency(room: Int?) -> WeightResidency {
    WeightResidency(
      requests.map { request in
        WeightResidency.Weight(
          packedBytes: request.byteCount, plainBytes: request.plainBytes, mayPass: request.mayPass,
          isSteady: request.isSteady)
      }, room: room)
  }

  /// What is to be read before the first run, and what passes at each use; weights that were kept or passed otherwise
  /// are told.
  func prepared(_ residency: WeightResidency, _ machine: Machine) -> (loading: WeightLoading, stream: WeightStream?) {
    var loading = WeightLoading(), entries: [WeightStream.Entry] = []
    for (index, request) in requests.enumerated() {
      if residency.kept.contains(index) {
        request.weight.stay()
        loading.add(request.weight, request.form)
      } else {
        entries.append(
          WeightStream.Entry(weight: request.weight, form: request.form, byteCount: request.byteCount))
      }
    }
    guard !entries.isEmpty else { return (loading, nil) }
    let stream = WeightStream(entries, capacity: residency.batchBytes, machine: machine)
    for entry in entries { entry.weight.pass(through: stream) }
    return (loading, stream)
  }

  /// What they take; of working memory nothing is known here.
  func needs(_ residency: WeightResidency, threads: Int) -> MemoryNeeds {
    var held = 0, loading = 0
    for (index, request) in requests.enumerated() where residency.kept.contains(index) {
      held += request.byteCount
      // Each thread holds a plain copy of its weight until that is packed.
      loading = max(loading, held + min(threads, WeightLoading.maximumThreads) * request.plainBytes)
    }
    return MemoryNeeds(
      weightBytes: held, passingBytes: residency.passingBytes, workingBytes: 0, loadingBytes: loading)
  }
}
