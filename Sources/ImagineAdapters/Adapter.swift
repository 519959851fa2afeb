internal import ImagineCheckpoint
internal import ImagineGraph

/// An adapter bound to a model: what each of its tensors changes, and which change nothing.
package struct Adapter: Sendable {
  package let file: AdapterFile
  /// Tensors that change the model, or a layer that it leaves out.
  package let tensorCount: Int
  /// Modules that are changed.
  package let moduleCount: Int
  /// The names of all other tensors, with the reason.
  package let leftovers: [(name: String, reason: LeftoverReason)]
  let changes: [ParameterChange]

  /// The parameters that it changes.
  package var parameters: Set<String> { Set(changes.map(\.parameter)) }

  /// Looks up the modules of all tensors.
  ///
  /// - Throws: `CheckpointError` if the file cannot be read any more.
  package init(_ file: AdapterFile, for names: ModuleNames) throws {
    self.file = file
    var modules: [AdaptedModule: ModuleTensors] = [:], order: [AdaptedModule] = []
    var leftovers: [(name: String, reason: LeftoverReason)] = []
    for tensor in file.tensors {
      guard let (candidates, part) = Self.place(tensor.name, names) else {
        leftovers.append((tensor.name, .unknownName))
        continue
      }
      if case .unsupported(let kind) = part {
        leftovers.append((tensor.name, .unsupported(kind)))
        continue
      }
      let module = candidates.first { tensor.mayBelong(to: $0, as: part) } ?? candidates[0]
      if modules[module] == nil { order.append(module) }
      // The same part in two spellings: the one that comes later in the alphabet is left over.
      if modules[module]?[part] != nil {
        leftovers.append((tensor.name, .incomplete))
      } else {
        modules[module, default: ModuleTensors(module: module)].parts[part] = tensor
      }
    }
    var changes: [ParameterChange] = [], tensorCount = 0, moduleCount = 0
    for module in order {
      guard let tensors = modules[module] else { continue }
      do {
        if !module.isAbsent { changes += try tensors.changes(file.notes) }
        tensorCount += tensors.parts.count
        moduleCount += 1
      } catch let mismatch as Mismatch {
        leftovers += tensors.names.map { ($0, mismatch.reason) }
      }
    }
    self.changes = changes
    self.tensorCount = tensorCount
    self.moduleCount = moduleCount
    self.leftovers = leftovers.sorted { $0.name < $1.name }
  }

  /// What a name says: the modules that it may be of, and what it is to them.
  private static func place(_ name: String, _ names: ModuleNames) -> (modules: [AdaptedModule], part: TensorPart)? {
    guard name.utf8.allSatisfy({ $0 < 0x80 }) else { return nil }
    for (suffix, part) in TensorPart.suffixes where name.hasSuffix(suffix) {
      let modules = names.modules(spelled: String(name.dropLast(suffix.count)))
      if !modules.isEmpty { return (modules, part) }
    }
    return nil
  }
}

extension AdapterTensor {
  /// Whether the extents are possible for a part of a module, as far as one tensor can tell: for spellings that stand for
  /// modules of two text encoders.
  fileprivate func mayBelong(to module: AdaptedModule, as part: TensorPart) -> Bool {
    guard let shape = module.weight.map(WeightShape.init) else { return false }
    switch part {
    case .down, .hadamard1B, .hadamard2B: return shape.inputs > 0 && extent(behind: 1) % shape.inputs == 0
    case .up, .hadamard1A, .hadamard2A, .rowMagnitude: return self.shape.first == shape.rows
    default: return true
    }
  }
}
