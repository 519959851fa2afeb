/// What steady values were computed from: as long as it is the same, so are they.
package struct SteadyBasis: Equatable {
  private let inputs: [String: HostTensor]
  /// Generation of the weights.
  private let weights: Int

  /// - Parameters:
  ///   - inputs: of a run, those among them that are not steady left aside.
  ///   - weights: a number that grows whenever weights change.
  package init(_ inputs: [String: HostTensor], steady: Set<String>, weights: Int) {
    self.inputs = inputs.filter { steady.contains($0.key) }
    self.weights = weights
  }
}
