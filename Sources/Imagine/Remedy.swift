internal import ImagineEngine

/// A choice that avoids an error, or what a notice tells of. How it is chosen is for the program to say.
public struct Remedy: RawRepresentable, Sendable, Hashable {
  public let rawValue: String
  public init(rawValue: String) { self.rawValue = rawValue }

  /// Computing on the processor: `Device.cpu`.
  public static let processor = Remedy(rawValue: "processor")
  /// Computing on a graphics card: `Device.vulkan`.
  public static let graphicsCard = Remedy(rawValue: "graphics-card")
  /// Drawing with little memory: `LowMemory.always`.
  public static let lowMemory = Remedy(rawValue: "low-memory")
  /// Drawing with as much memory as it takes: `LowMemory.never`.
  public static let usualMemory = Remedy(rawValue: "usual-memory")
  /// Trying whatever memory is free: `Engine.Options.ignoresMemory`.
  public static let ignoringMemory = Remedy(rawValue: "ignoring-memory")
  /// Computing in 32-bit floats: `Precision.float32`.
  public static let float32 = Remedy(rawValue: "f32")
  /// Computing in 16-bit brain floats: `Precision.bfloat16`.
  public static let bfloat16 = Remedy(rawValue: "bf16")
  /// Writing a picture without its settings: `GeneratedImage.write(to:as:metadata:)`.
  public static let withoutSettings = Remedy(rawValue: "without-settings")

  init(_ remedy: ImagineEngine.Remedy) { rawValue = remedy.rawValue }
}
