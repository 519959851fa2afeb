/// What a pickle holds for others: tensors by name, and the notes beside them.
struct PickleContents {
  private(set) var tensors: [(name: UTF8Name, tensor: PickleTensor)] = []
  private(set) var notes: [String: String] = [:]

  /// Nested dictionaries give names with dots.
  private static let maximumDepth = 8

  /// - Parameter root: the number of the value that the file is.
  /// - Throws: `PickleFault` if that is no dictionary.
  init(_ machine: PickleMachine, root: Int) throws(PickleFault) {
    guard case .dictionary(let members) = machine.values[root] else {
      throw .unsupported("that holds no dictionary of tensors")
    }
    for (key, value) in members {
      guard let key = Self.name(machine.values[key]), key.isASCII, let note = Self.note(machine.values[value]) else {
        continue
      }
      notes[key.text] = note
    }
    var state = root
    if let inner = machine.member("state_dict", of: root), case .dictionary = machine.values[inner] { state = inner }

    var found: [UTF8Name: PickleTensor] = [:]
    // Each dictionary counts once, wherever it stands: one that holds itself ends there.
    var seen: Set<Int> = [state]
    var open: [(dictionary: Int, prefix: String, depth: Int)] = [(state, "", 0)]
    while let (dictionary, prefix, depth) = open.popLast() {
      guard case .dictionary(let members) = machine.values[dictionary] else { continue }
      for (key, value) in members {
        guard let key = Self.name(machine.values[key]) else { continue }
        let path = prefix + key.text
        guard path.utf8.count <= UTF8Name.maximumLength else { throw .damaged("a name has more than 1024 bytes") }
        switch machine.values[value] {
        case .tensor(let tensor):
          found[UTF8Name(path)] = tensor
          guard found.count <= JSONReader.maximumMembers else { throw .damaged("it has too many tensors") }
        case .dictionary where depth < Self.maximumDepth:
          if seen.insert(value).inserted { open.append((value, path + ".", depth + 1)) }
        default: break
        }
      }
    }
    tensors = found.sorted { $0.key < $1.key }.map { (name: $0.key, tensor: $0.value) }
  }

  private static func name(_ value: PickleValue) -> UTF8Name? {
    guard case .text(let text) = value, text.utf8.count <= UTF8Name.maximumLength else { return nil }
    return UTF8Name(text)
  }

  private static func note(_ value: PickleValue) -> String? {
    switch value {
    case .int(let value): "\(value)"
    case .double(let value): "\(value)"
    case .text(let text): text.utf8.count <= 1024 ? text : nil
    default: nil
    }
  }
}
