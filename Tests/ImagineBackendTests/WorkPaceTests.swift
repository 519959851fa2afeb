import ImagineGraph
import Testing

@testable import ImagineVulkan

/// How work is divided, without a device.
struct WorkPaceTests {
  @Test(
    "Pieces cover all workgroups once, within the limits",
    arguments: [
      ([10, 3, 2], [65535, 65535, 65535], 1), ([10, 3, 2], [4, 2, 1], 1), ([100, 8, 1], [65535, 65535, 65535], 7),
      ([1, 1, 1], [1, 1, 1], 50), ([5, 0, 3], [65535, 65535, 65535], 2), ([7, 200, 2], [65535, 64, 1], 3),
    ])
  func pieces(_ workgroups: [Int], _ limits: [Int], _ parts: Int) {
    let pieces = DispatchPiece.pieces(of: workgroups, limits: limits, parts: parts)
    var seen: [[Int]: Int] = [:]
    for piece in pieces {
      #expect(zip(piece.count, limits).allSatisfy { $0 <= $1 })
      for x in 0..<piece.count[0] {
        for y in 0..<piece.count[1] {
          for z in 0..<piece.count[2] {
            seen[[piece.first[0] + x, piece.first[1] + y, piece.first[2] + z], default: 0] += 1
          }
        }
      }
    }
    #expect(seen.count == workgroups.reduce(1, *) && seen.values.allSatisfy { $0 == 1 })
    #expect(pieces.count >= min(parts, workgroups.reduce(1, *) == 0 ? 0 : workgroups.max() ?? 0) / 2)
    if parts == 1, limits[0] == 65535, !seen.isEmpty, limits[1] == 65535 { #expect(pieces.count == 1) }
  }

  @Test("Submissions hold what is within the limit, and a longer part alone") func submissions() {
    func groups(_ seconds: [Double], factor: Double = 1) -> [Range<Int>] {
      CommandSequence.submissions(seconds, factor: factor, within: 1)
    }
    #expect(groups([]) == [])
    #expect(groups([0.5, 0.5, 0.5]) == [0..<2, 2..<3])
    #expect(groups([3, 0.1, 0.2, 5]) == [0..<1, 1..<3, 3..<4])
    #expect(groups([0.5, 0.5, 0.5], factor: 0.1) == [0..<3])
    #expect(groups([0.5, 0.5, 0.5], factor: 2) == [0..<1, 1..<2, 2..<3])
  }

  @Test("The pace follows what was measured, and the share that is asked for") func learning() {
    let pace = WorkPace(.discrete, share: 1), careful = WorkPace(.discrete, share: 0.25)
    #expect(careful.submission == pace.submission / 4 && careful.dispatch == pace.dispatch / 4)
    #expect(pace.submission <= 0.2 && pace.dispatch <= 0.1)
    #expect(pace.assumedSeconds(Work(operations: 1e12)) > WorkPace(.discrete, share: 1).dispatch)
    pace.learn(assumed: 0.001, measured: 5)
    #expect(pace.factor == 1, "too short to learn from")
    pace.learn(assumed: 1, measured: 0.1)
    #expect(pace.factor == 0.1)
    pace.learn(assumed: 1, measured: 3)
    #expect(pace.factor == 3)
  }

  @Test("Products are counted as two operations a multiplication") func operations() throws {
    let builder = GraphBuilder()
    let x = builder.input("x", [2, 4, 4, 8])
    let image = x.conv2d(
      Parameter(path: "c", shape: [16, 8, 3, 3]), bias: nil, Convolution(stride: 2, padding: .init(1)))
    let graph = try builder.finish([image.asTokens().linear(Parameter(path: "l", shape: [5, 16]), bias: nil)])
    let counts = graph.nodes.map { node in node.productOperations(node.operands.map { graph[$0].type.shape }) }
    #expect(counts.filter { $0 > 0 } == [Double(2 * 2 * 2 * 2 * 16 * 72), Double(2 * 2 * 4 * 5 * 16)])
  }

  @Test("Kernels of products can be given in pieces; those that count rows over all workgroups cannot")
  func divisible() {
    func reads(_ name: String) -> Bool { KernelVariant(name: name, constants: [:]).readsWorkgroupCount }
    for kernel in ["matmul", "conv2d", "attention"] {
      for type in ["f32", "f16", "bf16"] { #expect(!reads("\(kernel)_\(type)")) }
    }
    #expect(reads("activation_f32") && reads("layer_norm_f16"))
  }
}
