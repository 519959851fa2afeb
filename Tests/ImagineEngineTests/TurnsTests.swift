import Testing

@testable import ImagineEngine

/// The line by itself.
@Suite struct TurnsTests {
  private let turns = Turns()

  @Test func placesAreTakenWhenTicketsAre() async throws {
    let log = Log<Int>(), tickets = (0..<20).map { _ in turns.ticket() }
    try await withThrowingTaskGroup(of: Void.self) { group in
      // The tasks begin in another order than the tickets were taken in.
      for index in tickets.indices.reversed() {
        group.addTask { [turns] in try await turns.inTurn(tickets[index]) { await log.add(index) } }
      }
      try await group.waitForAll()
    }
    #expect(await log.entries == Array(0..<20))
    #expect(turns.count == 0)
  }

  @Test("Who is cancelled while waiting leaves at once, and the others come in their order")
  func leavingTheLine() async throws {
    let gate = Gate(), log = Log<String>(), turns = turns
    let tickets = (0..<4).map { _ in turns.ticket() }
    let tasks = ["first", "second", "third", "fourth"].enumerated().map { index, name in
      Task {
        try await turns.inTurn(tickets[index]) {
          await log.add(name)
          if index == 0 { await gate.wait() }
        }
      }
    }
    tasks[2].cancel()
    // The first still has its turn: the third does not wait for it.
    await #expect(throws: CancellationError.self) { try await tasks[2].value }
    #expect(turns.count == 3)
    await gate.open()
    for index in [0, 1, 3] { try await tasks[index].value }
    #expect(await log.entries == ["first", "second", "fourth"])
    #expect(turns.count == 0)
  }

  @Test func whoIsCancelledBeforehandHasNoTurn() async throws {
    let turns = turns, gate = Gate()
    let task = Task {
      await gate.wait()
      try await turns.inTurn(turns.ticket()) {}
    }
    task.cancel()
    await gate.open()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(turns.count == 0)
    try await turns.inTurn(turns.ticket()) {}
  }

  @Test("A turn that has begun is not given to another when its task is cancelled")
  func cancelledInTurn() async throws {
    let turns = turns, gate = Gate(), begun = Gate(), log = Log<String>()
    let first = Task {
      try await turns.inTurn(turns.ticket()) {
        await begun.open()
        await gate.wait()
        await log.add("first")
      }
    }
    await begun.wait()
    let second = Task { try await turns.inTurn(turns.ticket()) { await log.add("second") } }
    first.cancel()
    while turns.count < 2 { await Task.yield() }
    await gate.open()
    try await first.value
    try await second.value
    #expect(await log.entries == ["first", "second"])
  }

  @Test func aTicketThatIsNotUsedHoldsUpNobody() async throws {
    var unused: Turns.Ticket? = turns.ticket()
    let turns = turns, next = turns.ticket()
    let task = Task { try await turns.inTurn(next) {} }
    #expect(unused != nil)
    unused = nil
    try await task.value
    #expect(turns.count == 0)
  }

  @Test func aTicketIsGoodForOneTurn() async throws {
    let ticket = turns.ticket()
    try await turns.inTurn(ticket) {}
    await #expect(throws: CancellationError.self) { try await turns.inTurn(ticket) {} }
  }

  @Test func aFailureLetsTheNextGo() async throws {
    struct Failure: Error {}
    let tickets = (0..<2).map { _ in turns.ticket() }
    await #expect(throws: Failure.self) { try await turns.inTurn(tickets[0]) { throw Failure() } }
    try await turns.inTurn(tickets[1]) {}
  }

  /// Who is inside at the moment.
  private actor Crowd {
    private var inside = 0
    private(set) var most = 0, served = 0

    func enter() {
      inside += 1
      most = max(most, inside)
      served += 1
    }

    func leave() { inside -= 1 }
  }

  @Test("Many at once, of which many are cancelled: one at a time, and nobody is forgotten")
  func crowd() async throws {
    let turns = turns, crowd = Crowd()
    let tasks = (0..<400).map { index in
      let ticket = turns.ticket()
      return Task {
        try await turns.inTurn(ticket) {
          await crowd.enter()
          await Task.yield()
          await crowd.leave()
        }
        return index
      }
    }
    for index in tasks.indices where index % 3 == 1 { tasks[index].cancel() }
    for index in tasks.indices where index % 3 != 1 { #expect(try await tasks[index].value == index) }
    for index in tasks.indices where index % 3 == 1 { _ = await tasks[index].result }
    #expect(await crowd.most == 1)
    #expect(await crowd.served >= tasks.count * 2 / 3)
    #expect(turns.count == 0)
  }
}
