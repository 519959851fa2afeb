internal import ImagineCheckpoint
internal import ImagineGraph

extension ModuleTensors {
  /// What the tensors do to the module's weight and bias, every extent checked against them.
  ///
  /// - Throws: `Mismatch` if they make no sense together or are of another module, and what reading a number throws.
  func changes(_ notes: AdapterNotes) throws -> [ParameterChange] {
    var used: Set<TensorPart> = []
    var changes: [ParameterChange] = []
    func add(_ formula: any AdapterFormula, to parameter: String, _ parts: TensorPart...) {
      changes.append(ParameterChange(parameter: parameter, network: module.network, formula: formula))
      used.formUnion(parts)
    }
    if let bias = module.bias.map(WeightShape.init) {
      for part in [TensorPart.biasDifference, .normBiasDifference] {
        if let tensor = self[part] {
          add(DifferenceFormula(difference: try checked(tensor, count: bias.count)), to: module.biasPath, part)
        }
      }
      if let tensor = self[.upBias] {
        let scale = try scale(rank: self[.down]?.shape.first ?? 0, notes)
        add(
          DifferenceFormula(difference: try checked(tensor, count: bias.count), scale: scale), to: module.biasPath,
          .upBias)
      }
    }
    if let shape = module.weight.map(WeightShape.init), let (formula, parts) = try weightFormula(shape, notes) {
      changes.append(ParameterChange(parameter: module.weightPath, network: module.network, formula: formula))
      used.formUnion(parts)
    }
    // Numbers that are read with the others, where there are any.
    if !changes.isEmpty { used.formUnion([.alpha, .scale]) }
    guard !changes.isEmpty, parts.keys.allSatisfy(used.contains) else { throw Mismatch(.incomplete) }
    return changes
  }

  /// What the tensors do to the weight, with the parts that it is made of; nil if there is none.
  private func weightFormula(
    _ shape: WeightShape, _ notes: AdapterNotes
  ) throws -> (any AdapterFormula, [TensorPart])? {
    var formulas: [(any AdapterFormula, [TensorPart])] = [
      try lowRank(shape, notes), try hadamard(shape, notes), try kronecker(shape, notes), try factor(shape),
      try rotation(shape), try packedRotation(shape, notes),
    ].compactMap { $0 }
    for part in [TensorPart.difference, .normDifference] {
      if let tensor = self[part] {
        formulas.append((DifferenceFormula(difference: try checked(tensor, count: shape.count)), [part]))
      }
    }
    if let tensor = self[.replacement] {
      formulas.append((ReplacementFormula(replacement: try checked(tensor, count: shape.count)), [.replacement]))
    }
    guard let (formula, parts) = formulas.first else { return nil }
    guard formulas.count == 1 else { throw Mismatch(.incomplete) }
    return try magnitude(of: formula, shape).map { ($0.0, parts + [$0.1]) } ?? (formula, parts)
  }

  private func lowRank(_ shape: WeightShape, _ notes: AdapterNotes) throws -> (any AdapterFormula, [TensorPart])? {
    guard let up = self[.up], let down = self[.down], let rank = down.shape.first, rank > 0 else { return nil }
    let scale = try scale(rank: rank, notes)
    if let middle = self[.middle] {
      let outer = up.extent(behind: 1)
      guard middle.shape == [outer, rank] + shape.kernel else { throw Mismatch(.shape) }
      let formula = LowRankFormula(
        up: try checked(up, [shape.rows, outer]), down: try checked(down, [rank, shape.inputs]), middle: middle,
        scale: scale)
      return (formula, [.up, .down, .middle])
    }
    let formula = LowRankFormula(
      up: try checked(up, [shape.rows, rank]), down: try checked(down, [rank, shape.inputs] + shape.kernel),
      middle: nil,
      scale: scale)
    return (formula, [.up, .down])
  }

  private func hadamard(_ shape: WeightShape, _ notes: AdapterNotes) throws -> (any AdapterFormula, [TensorPart])? {
    guard let a1 = self[.hadamard1A], let b1 = self[.hadamard1B], let a2 = self[.hadamard2A],
      let b2 = self[.hadamard2B],
      let rank = b1.shape.first, rank > 0
    else { return nil }
    var parts: [TensorPart] = [.hadamard1A, .hadamard1B, .hadamard2A, .hadamard2B]
    func side(_ a: AdapterTensor, _ b: AdapterTensor, _ core: AdapterTensor?) throws -> HadamardFormula.Side {
      guard let outer = a.shape.first, let inner = b.shape.first, inner > 0 else { throw Mismatch(.shape) }
      if let core {
        guard core.shape == [outer, inner] + shape.kernel else { throw Mismatch(.shape) }
        return .init(a: try checked(a, [outer, shape.rows]), b: try checked(b, [inner, shape.inputs]), core: core)
      }
      return .init(a: try checked(a, [shape.rows, inner]), b: try checked(b, count: inner * shape.columns), core: nil)
    }
    let first = try side(a1, b1, self[.hadamardCore1]), second = try side(a2, b2, self[.hadamardCore2])
    if self[.hadamardCore1] != nil { parts.append(.hadamardCore1) }
    if self[.hadamardCore2] != nil { parts.append(.hadamardCore2) }
    return (HadamardFormula(first: first, second: second, scale: try scale(rank: rank, notes)), parts)
  }

  private func kronecker(_ shape: WeightShape, _ notes: AdapterNotes) throws -> (any AdapterFormula, [TensorPart])? {
    guard let first = try kroneckerFactor(.kronecker1, .kronecker1A, .kronecker1B, core: nil),
      let second = try kroneckerFactor(.kronecker2, .kronecker2A, .kronecker2B, core: .kroneckerCore2)
    else { return nil }
    let taps = shape.taps
    guard first.rows > 0, first.columns > 0, second.columns % taps == 0 || second.hasCore,
      first.rows.multipliedReportingOverflow(by: second.rows) == (shape.rows, false),
      first.columns.multipliedReportingOverflow(by: second.hasCore ? second.columns : second.columns / taps)
        == (shape.inputs, false)
    else { throw Mismatch(.shape) }
    // The rank that alpha counts by: the second's where it is a product. Whole matrices on both sides have none: only PEFT
    // multiplies those too.
    let rank = second.rank ?? first.rank
    let packed = notes.scale(of: module.path, in: module.network, rank: try configuredRank(notes) ?? rank ?? 0)
    let scale = try rank.map { try self.scale(rank: $0, notes) } ?? packed ?? 1
    let formula = KroneckerFormula(
      first: first.factor, second: second.factor, firstExtents: .init(rows: first.rows, inputs: first.columns),
      secondExtents: .init(
        rows: second.rows, inputs: second.hasCore ? second.columns : second.columns / taps), scale: scale)
    return (formula, first.parts + second.parts)
  }

  private struct KroneckerPart {
    let factor: KroneckerFormula.Factor
    let rows: Int, columns: Int
    let rank: Int?
    let parts: [TensorPart]
    var hasCore = false
  }

  private func kroneckerFactor(
    _ whole: TensorPart, _ a: TensorPart, _ b: TensorPart, core: TensorPart?
  ) throws -> KroneckerPart? {
    if let tensor = self[whole] {
      guard let rows = tensor.shape.first, tensor.shape.count > 1 else { throw Mismatch(.shape) }
      return KroneckerPart(
        factor: .whole(tensor), rows: rows, columns: tensor.extent(behind: 1), rank: nil, parts: [whole])
    }
    guard let first = self[a], let second = self[b], let rank = second.shape.first, let rows = first.shape.first,
      rank > 0
    else { return nil }
    if let core, let tensor = self[core] {
      guard let module = module.weight.map(WeightShape.init), tensor.shape == [rows, rank] + module.kernel else {
        throw Mismatch(.shape)
      }
      return KroneckerPart(
        factor: .tucker(tensor, first, second), rows: first.extent(behind: 1), columns: second.extent(behind: 1),
        rank: rank,
        parts: [a, b, core], hasCore: true)
    }
    guard first.extent(behind: 1) == rank else { throw Mismatch(.shape) }
    return KroneckerPart(
      factor: .product(first, second), rows: rows, columns: second.extent(behind: 1), rank: rank, parts: [a, b])
  }

  private func factor(_ shape: WeightShape) throws -> (any AdapterFormula, [TensorPart])? {
    if let factors = self[.factorDifference], let isOnInput = self[.isOnInput] {
      let isOfInputs = try isOnInput.number().map { $0 != 0 } ?? false
      let tensor = try checked(factors, count: isOfInputs ? shape.inputs : shape.rows)
      return (
        FactorFormula(factors: tensor, isWhole: false, isOfInputs: isOfInputs), [.factorDifference, .isOnInput]
      )
    }
    guard let factors = self[.factor] else { return nil }
    // [out, 1] for outputs, [1, in] for the inputs of feed-forward layers.
    let isOfInputs = factors.shape.first == 1 && shape.rows != 1
    let tensor = try checked(factors, count: isOfInputs ? shape.inputs : shape.rows)
    return (FactorFormula(factors: tensor, isWhole: true, isOfInputs: isOfInputs), [.factor])
  }

  private func rotation(_ shape: WeightShape) throws -> (any AdapterFormula, [TensorPart])? {
    guard let tensor = self[.blocks] else { return nil }
    var parts: [TensorPart] = [.blocks]
    let rescale = try self[.rescale].map { try checked($0, count: shape.rows) }
    if rescale != nil { parts.append(.rescale) }
    let extents = tensor.shape
    guard extents.count == 3 || extents.count == 4, let size = extents.last, size > 0,
      extents[extents.count - 2] == size,
      extents[extents.count - 3].multipliedReportingOverflow(by: size) == (shape.rows, false)
    else { throw Mismatch(.shape) }
    let blocks = RotationBlocks(
      tensor: tensor, groups: extents[extents.count - 3], size: size, constraint: try self[.alpha]?.number())
    guard extents.count == 4 else { return (RotationFormula(blocks: blocks, rescale: rescale), parts) }
    let stages = extents[0]
    guard size % 2 == 0, (1...32).contains(stages), shape.rows % (size << (stages - 1)) == 0 else {
      throw Mismatch(.shape)
    }
    return (ButterflyFormula(blocks: blocks, stages: stages, rescale: rescale), parts)
  }

  private func packedRotation(
    _ shape: WeightShape, _ notes: AdapterNotes
  ) throws -> (any AdapterFormula, [TensorPart])? {
    guard let tensor = self[.packedBlocks] else { return nil }
    func setting(_ name: String) -> Bool? { notes.setting(name, of: module.network)?.bool }
    guard notes.hasConfiguration, setting("coft") != true, let isSeries = setting("use_cayley_neumann") else {
      throw Mismatch(.unsupported("PEFT's OFT without its adapter_config.json, or with coft"))
    }
    let terms = notes.setting("num_cayley_neumann_terms", of: module.network)?.int ?? 5
    guard tensor.shape.count == 2, tensor.shape[0] > 0, shape.columns > 0, (1...64).contains(terms) else {
      throw Mismatch(.shape)
    }
    let isShared = setting("block_share") == true, groups = tensor.shape[0]
    // The size of a triangle of so many numbers.
    let size = Int(((1 + 8 * Double(tensor.shape[1])).squareRoot() + 1) / 2)
    guard size > 1, size <= shape.columns, size * (size - 1) / 2 == tensor.shape[1], shape.columns % size == 0,
      groups == (isShared ? 1 : shape.columns / size)
    else { throw Mismatch(.shape) }
    return (
      InputRotationFormula(triangles: tensor, groups: groups, size: size, terms: isSeries ? terms : nil),
      [.packedBlocks]
    )
  }

  /// The same change under a magnitude of its own, where there is one.
  private func magnitude(
    of formula: any AdapterFormula, _ shape: WeightShape
  ) throws -> (any AdapterFormula, TensorPart)? {
    if let tensor = self[.rowMagnitude] {
      let magnitude = try checked(tensor, count: shape.rows)
      return (MagnitudeFormula(base: formula, magnitude: magnitude, direction: .rows), .rowMagnitude)
    }
    guard let tensor = self[.magnitude] else { return nil }
    let isOfInputs = tensor.shape.first == 1 && tensor.count == shape.inputs
    guard isOfInputs || tensor.shape.first == shape.rows && tensor.count == shape.rows else { throw Mismatch(.shape) }
    return (
      MagnitudeFormula(base: formula, magnitude: tensor, direction: isOfInputs ? .inputs : .rows), .magnitude
    )
  }

  // MARK: Numbers

  /// What the change is multiplied by: `scale`, else alpha over the rank, else what a configuration says, else 1.
  ///
  /// An alpha of 0 counts as none, as in kohya's and LyCORIS' programs.
  private func scale(rank: Int, _ notes: AdapterNotes) throws -> Float {
    if let scale = try self[.scale]?.number() { return scale }
    if let alpha = try self[.alpha]?.number() { return alpha == 0 || rank == 0 ? 1 : alpha / Float(rank) }
    return notes.scale(of: module.path, in: module.network, rank: rank) ?? 1
  }

  /// PEFT's rank, for changes whose tensors have none.
  private func configuredRank(_ notes: AdapterNotes) throws -> Int? { notes.setting("r", of: module.network)?.int }

  private func checked(_ tensor: AdapterTensor, count: Int) throws -> AdapterTensor {
    guard tensor.count == count else { throw Mismatch(.shape) }
    return tensor
  }

  /// - Parameter shape: extents of 1 at its end, and at that of the tensor's, do not count.
  private func checked(_ tensor: AdapterTensor, _ shape: [Int]) throws -> AdapterTensor {
    guard tensor.shape.droppingTrailingOnes == shape.droppingTrailingOnes else { throw Mismatch(.shape) }
    return tensor
  }
}

extension [Int] {
  fileprivate var droppingTrailingOnes: [Int] {
    var shape = self
    while shape.count > 1, shape.last == 1 { shape.removeLast() }
    return shape
  }
}
