import Imagine

extension Remedy {
  /// How it is chosen on the command line; nil for what it does not know.
  var option: String? {
    switch self {
    case .processor: "--device cpu"
    case .graphicsCard: "--device vulkan"
    case .lowMemory: "--low-memory"
    case .usualMemory: "--no-low-memory"
    case .ignoringMemory: "--ignore-memory"
    case .float32: "--precision f32"
    case .bfloat16: "--precision bf16"
    case .withoutSettings: "--no-metadata"
    default: nil
    }
  }
}

extension Wording {
  /// What the library says, with the options that would help.
  static func message(_ text: String, _ remedies: [Remedy]) -> String {
    let options = remedies.compactMap(\.option)
    return options.isEmpty ? text : "\(text) (\(options.joined(separator: ", ")))"
  }
}
