internal import Synchronization

/// The tensors that led to a picture, in the shapes and the order of diffusers ([N, C, H, W]).
package struct RecordedTensors: Sendable {
  package enum Values: Sendable {
    case float([Float])
    case int([Int32])
  }

  package struct Entry: Sendable {
    package let name: String, shape: [Int], values: Values
  }

  package private(set) var entries: [Entry] = []

  package init() {}

  package mutating func add(_ name: String, _ shape: [Int], _ values: Values) {
    entries.append(Entry(name: name, shape: shape, values: values))
  }
}

/// A record that the steps of one run write to.
package final class TensorRecorder: Sendable {
  private let record: Mutex<RecordedTensors>

  /// - Parameter contents: what it holds already.
  package init(_ contents: RecordedTensors = RecordedTensors()) { record = Mutex(contents) }

  package func add(_ name: String, _ shape: [Int], _ values: [Float]) {
    record.withLock { $0.add(name, shape, .float(values)) }
  }

  package func add(_ name: String, _ shape: [Int], _ values: [Int32]) {
    record.withLock { $0.add(name, shape, .int(values)) }
  }

  package var contents: RecordedTensors { record.withLock { $0 } }
}
