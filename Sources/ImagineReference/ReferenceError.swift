/// What keeps a graph from being interpreted: a value that is missing or is not what the graph declares.
package struct ReferenceError: Error, Hashable, CustomStringConvertible {
  package let description: String
  init(_ description: String) { self.description = description }
}
