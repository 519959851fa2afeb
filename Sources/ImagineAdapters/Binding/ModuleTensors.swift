/// The tensors that an adapter's file has for one module.
struct ModuleTensors {
  let module: AdaptedModule
  var parts: [TensorPart: AdapterTensor] = [:]

  subscript(part: TensorPart) -> AdapterTensor? { parts[part] }
  var names: [String] { parts.values.map(\.name) }
}

/// Why tensors of an adapter change nothing.
package enum LeftoverReason: Sendable, Hashable {
  /// No module of the model has the name.
  case unknownName
  /// The module has other extents.
  case shape
  /// What belongs with the tensor is missing, or there are too many.
  case incomplete
  /// A kind of adapter that this version does not know.
  case unsupported(String)
}

/// Stops the reading of one module's tensors.
struct Mismatch: Error {
  let reason: LeftoverReason

  init(_ reason: LeftoverReason) { self.reason = reason }
}

/// What an adapter does to one parameter of a model.
struct ParameterChange: Sendable {
  /// The parameter's path, as `unet.conv_in.weight`.
  let parameter: String
  let network: String
  let formula: any AdapterFormula
}
