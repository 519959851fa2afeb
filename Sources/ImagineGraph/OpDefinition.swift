/// What is known of an operation, whoever computes it: one value beside each case of `Op`.
package struct OpDefinition: Sendable {
  /// How a value comes about.
  package enum Kind: Sendable, Hashable {
    /// Fed at each run.
    case input
    /// Read before the first run.
    case weight
    /// The operand's elements as they lie, in another shape: nothing is computed nor moved.
    case alias
    case computed
  }

  /// The operation's name in reports.
  package let name: String
  package let kind: Kind
  /// Nil for any number but none.
  let operandCount: Int?
  /// Whether integers may be among the operands: in views and look-ups, never in arithmetic.
  let takesIntegers: Bool
  /// Which operand is multiplied by: a backend may keep it as its kernels like it best, if it is a parameter that nothing
  /// else reads.
  package let weight: Int?
  /// The operand of which only as much is read as there is of the result, however large it is.
  let partlyRead: Int?
  /// The operand in whose memory the result may be written once nothing else reads it: each element of the result hangs on
  /// that operand's element in the same place, and on no other of it.
  package let overwrites: Int?
  /// What it is as a product of matrices.
  package let product: OpProduct?
  /// Floating-point operations of products, for operands and a result of these shapes; 0 for what is none.
  let flops: @Sendable (_ operands: [Shape], _ result: Shape) -> Double
  /// The same value by basic operations; nil if it is basic already. This is a fused operation's definition: a backend that
  /// has no kernel for it runs this instead.
  let decomposition: (@Sendable ([Tensor]) -> Tensor)?
  /// The shape rule, for as many operands as there must be; nil where they do not fit.
  let resultType: @Sendable ([TensorType]) -> TensorType?

  /// - Parameter isFused: whether the decomposition is of this case of the operation; false where it is basic.
  init(
    _ name: String, _ kind: Kind = .computed, operands: Int?, takesIntegers: Bool = false, weight: Int? = nil,
    partlyReads partlyRead: Int? = nil, overwrites: Int? = nil, product: OpProduct? = nil,
    flops: (@Sendable ([Shape], Shape) -> Double)? = nil,
    isFused: Bool = true,
    decomposition: (@Sendable ([Tensor]) -> Tensor)? = nil,
    resultType: @escaping @Sendable ([TensorType]) -> TensorType?
  ) {
    self.name = name
    self.kind = kind
    operandCount = operands
    self.takesIntegers = takesIntegers
    self.weight = weight
    self.partlyRead = partlyRead
    self.overwrites = overwrites
    self.product = product
    self.flops = flops ?? { operands, result in product?.flops(operands, result) ?? 0 }
    self.decomposition = isFused ? decomposition : nil
    self.resultType = resultType
  }
}

/// What linear layers, convolutions and products of values have in common.
package struct OpProduct: Sendable {
  /// Says what rows the left matrix has: pixels under a kernel. Nil for those of the last axis.
  package var convolution: Convolution?
  /// Whether the right matrix is given as [columns, depth], as weights are.
  package var isTransposed = true
  /// Whether leading axes count products side by side; else they count rows.
  package var isBatched = false
  /// For gated ones, the activation is the gate's.
  package var epilogue = Epilogue()
  /// How many right matrices the one left matrix is multiplied by: leading axis of the result.
  package var weights = 1
  /// Whether the result has, of columns in two halves, the first times the activation of the second.
  package var isGated = false

  /// Products that each element of a row's result is the sum of.
  package func depth(_ operands: [Shape]) -> Int {
    guard let convolution else { return operands[0].last }
    return operands[convolution.images].dimensions.dropFirst().reduce(1, *)
  }

  fileprivate func flops(_ operands: [Shape], _ result: Shape) -> Double {
    2 * Double(result.count) * Double(depth(operands)) * (isGated ? 2 : 1)
  }
}

/// A graph that makes no sense: operands whose shapes or element types do not fit the operation.
package struct GraphError: Error, Hashable, CustomStringConvertible {
  package let description: String
  package init(_ description: String) { self.description = description }
}

extension Op {
  /// The operation's name in reports.
  package var name: String { definition.name }

  /// Whether the operation has a decomposition into basic ones.
  package var isFused: Bool { definition.decomposition != nil }

  /// The same value computed by basic operations, or nil if the operation is basic already.
  func decomposed(_ operands: [Tensor]) -> Tensor? { definition.decomposition?(operands) }

  /// The type of the result for operands of the given types: the operation's shape rule.
  ///
  /// - Throws: `GraphError` if the operands do not fit. `input` and `parameter` have no operands and no rule.
  package func resultType(_ operands: [TensorType]) throws(GraphError) -> TensorType {
    let definition = definition
    let isCount = definition.operandCount.map { operands.count == $0 } ?? !operands.isEmpty
    let isArithmetic = definition.takesIntegers || operands.allSatisfy { $0.elementType != .int32 }
    guard isCount, isArithmetic, let result = definition.resultType(operands) else {
      let given = operands.isEmpty ? "no operands" : operands.map(\.description).joined(separator: ", ")
      throw GraphError("\(self) cannot take \(given)")
    }
    return result
  }
}

extension [TensorType] {
  var haveOneElementType: Bool { allSatisfy { $0.elementType == self[0].elementType } }
}

extension TensorType {
  /// The same numbers with another last extent.
  func replacingLast(with extent: Int) -> TensorType {
    TensorType(shape.replacing(axis: shape.rank - 1, with: extent), elementType)
  }
}
