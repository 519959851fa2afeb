/// The names of Python that files of weights use. What they stand for is built here; nothing of Python is called.
enum PickleGlobal {
  /// A tensor of storage, offset, size and stride; in version 3 with a format of its own.
  case tensor(version: Int)
  case parameter
  case orderedDictionary
  case parameterDictionary
  case size
  /// A kind of storage; nil for bytes.
  case storage(StorageFormat?)
  case format(StorageFormat)
  /// Something of training that no weight depends on. It becomes nothing, whatever it is made of.
  case inert

  /// - Returns: nil for every name that is not known, which is to be refused.
  init?(module: String, name: String) {
    // Two bytes of each are compared as text: names that are not ASCII are not known.
    guard UTF8Name(module).isASCII, UTF8Name(name).isASCII, module.utf8.count + name.utf8.count <= 200 else {
      return nil
    }
    if let global = Self.known["\(module) \(name)"] {
      self = global
    } else if module == "torch", let format = Self.formats[name] {
      self = .format(format)
    } else if module == "torch", name.hasSuffix("Storage"), let format = Self.storages[String(name.dropLast(7))] {
      self = .storage(format)
    } else if Self.inertModules.contains(where: { module.hasPrefix($0) }) {
      self = .inert
    } else {
      return nil
    }
  }

  private static let known: [String: PickleGlobal] = [
    "torch._utils _rebuild_tensor": .tensor(version: 1), "torch._utils _rebuild_tensor_v2": .tensor(version: 2),
    "torch._utils _rebuild_tensor_v3": .tensor(version: 3), "torch._utils _rebuild_parameter": .parameter,
    "collections OrderedDict": .orderedDictionary, "torch Size": .size,
    "torch.nn.modules.container ParameterDict": .parameterDictionary,
    "torch.storage UntypedStorage": .storage(nil), "torch UntypedStorage": .storage(nil),
    // Numbers and sets in notes of training.
    "_codecs encode": .inert, "numpy dtype": .inert, "numpy.core.multiarray scalar": .inert,
    "numpy._core.multiarray scalar": .inert, "__builtin__ set": .inert, "builtins set": .inert,
  ]

  /// The state of callbacks, which Stability AI's own files carry.
  private static let inertModules = ["pytorch_lightning.callbacks.", "lightning.pytorch.callbacks."]

  private static let formats: [String: StorageFormat] = [
    "float64": .float64, "float32": .float32, "float16": .float16, "bfloat16": .bfloat16, "int64": .int64,
    "int32": .int32, "int16": .int16, "int8": .int8, "uint8": .uint8, "uint16": .uint16, "uint32": .uint32,
    "uint64": .uint64, "bool": .bool, "float8_e4m3fn": .float8E4M3, "float8_e5m2": .float8E5M2,
  ]

  private static let storages: [String: StorageFormat] = [
    "Double": .float64, "Float": .float32, "Half": .float16, "BFloat16": .bfloat16, "Long": .int64, "Int": .int32,
    "Short": .int16, "Char": .int8, "Byte": .uint8, "Bool": .bool,
  ]
}
