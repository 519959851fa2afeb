/// Why an adapter cannot be used.
///
/// The description is one sentence that names the file and says what to do.
package struct AdapterError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Code: Sendable {
    /// The file holds no adapter, or numbers that make none.
    case invalid
    /// A kind of adapter that this version does not know.
    case unsupported
    /// Its tensors belong to another model.
    case wrongModel
  }

  package let code: Code
  package let description: String

  package init(_ code: Code, _ description: String) {
    self.code = code
    self.description = description
  }
}
