/// How the numbers of edits become steps.
///
/// What is counted are the calls of the model: a sampler that makes two of them each step has twice as many steps.
package struct EditTiming: Sendable, Hashable {
  package enum Rule: Sendable, Hashable {
    /// A number with a point is a share of the calls, one without is a call.
    case current
    /// AUTOMATIC1111's before 1.6: numbers below 1 are shares, and each pass counts for itself.
    case old
  }

  /// Of this pass.
  package var calls: Int
  /// Of the pass before this one, which calls go on from, and shares with 1; nil for a first pass.
  package var callsBefore: Int?
  package var rule = Rule.current

  package init(calls: Int, after callsBefore: Int? = nil, rule: Rule = .current) {
    self.calls = max(calls, 1)
    self.callsBefore = callsBefore
    self.rule = rule
  }

  /// The last call before an edit, counted from 1; 0 or less if there is none.
  func lastCall(before when: PromptNumber) -> Int {
    var value = when.value
    let isShare = rule == .current ? when.hasPoint : value < 1
    if rule == .current, let callsBefore { value -= isShare ? 1 : Double(callsBefore) }
    if isShare { value *= Double(calls) }
    return Int(min(max(value, -1), Double(calls)))
  }
}

/// What a text is at every call: each entry holds until its last call, counted from 1.
package struct TextSchedule: Sendable, Hashable {
  package struct Entry: Sendable, Hashable {
    package let lastCall: Int
    /// Among the texts.
    package let text: Int
  }

  /// All that the text ever is, each once.
  package private(set) var texts: [String] = []
  /// As AUTOMATIC1111 lists them, which takes means over them: neighbours may be equal.
  package private(set) var entries: [Entry] = []

  package init(_ text: EditedText, _ timing: EditTiming) {
    var known: [String: Int] = [:]
    for call in text.changes(timing) {
      let now = text.text(at: call, timing)
      let index = known[now] ?? texts.count
      if index == texts.count {
        texts.append(now)
        known[now] = index
      }
      entries.append(Entry(lastCall: call, text: index))
    }
  }

  /// The text at a call, counted from 0.
  ///
  /// AUTOMATIC1111 compares that count with entries counted from 1, so that the first one holds for one call longer; it
  /// begins anew with the first entry when there are more calls than were expected, where the last one holds here.
  package func text(at call: Int) -> Int { entry(at: call).text }

  private func entry(at call: Int) -> Entry {
    entries.first { call <= $0.lastCall } ?? entries.last ?? Entry(lastCall: 0, text: 0)
  }
}

extension EditedText {
  /// The last calls of all that it is, ascending.
  fileprivate func changes(_ timing: EditTiming) -> [Int] {
    var calls: Set<Int> = [timing.calls]
    collect(&calls, timing)
    return calls.sorted()
  }

  private func collect(_ calls: inout Set<Int>, _ timing: EditTiming) {
    for node in nodes {
      switch node {
      case .text: break
      case .edit(let from, let to, let when):
        let call = timing.lastCall(before: when)
        if call >= 1 { calls.insert(call) }
        from.collect(&calls, timing)
        to.collect(&calls, timing)
      case .alternation(let options):
        calls.formUnion(1...timing.calls)
        for option in options { option.collect(&calls, timing) }
      }
    }
  }

  /// - Parameter call: counted from 1.
  fileprivate func text(at call: Int, _ timing: EditTiming) -> String {
    var text = ""
    write(to: &text, at: call, timing)
    return text
  }

  private func write(to text: inout String, at call: Int, _ timing: EditTiming) {
    for node in nodes {
      switch node {
      case .text(let part): text += part
      case .edit(let from, let to, let when):
        (call <= timing.lastCall(before: when) ? from : to).write(to: &text, at: call, timing)
      case .alternation(let options):
        options[(call - 1) % options.count].write(to: &text, at: call, timing)
      }
    }
  }
}
