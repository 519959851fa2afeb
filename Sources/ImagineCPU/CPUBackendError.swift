/// Why the CPU backend cannot do what it was asked for, in a sentence that says what would help.
package struct CPUBackendError: Error, Hashable, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}
