/// The version of this library and command.
public enum ImagineVersion {
  public static let number = "0.4.0"
  /// As written into pictures.
  static let full = "imagine \(number)"
}
