import ImagineGraph

extension OpCase {
  static let embeddingCases: [OpCase] = [
    embedding([2, 7], [9, 5]), embedding([1, 77], [50, 24]), embedding([1, 1], [1, 1]), embedding([4, 3], [33, 16]),
    embedding([2, 77], [1000, 768]),
    timestepEmbedding([0, 1, 999], width: 320), timestepEmbedding([0.5, 13.25, 500.75, 981.4], width: 320),
    timestepEmbedding([7], width: 2), timestepEmbedding([1, 250.1], width: 34),
    // Halfway between two bfloat16 numbers, and just beside; close to the largest number.
    rows("cast to bfloat16", castInputs, in: [.float32]) { [$0.input("x", [2, 9]).cast(to: .bfloat16)] },
    rows("cast of large numbers", ["x": .values([3e38, -1.25e38])], in: [.float32]) {
      [$0.input("x", [2, 3]).cast(to: .bfloat16)]
    },
    rows("cast to bfloat16 and back", castInputs, in: [.float32]) {
      [($0.input("x", [2, 9]).cast(to: .bfloat16) * 3).cast(to: .float32) * 3]
    },
    rows("cast of integers", ["x": .tokens(below: 5000)]) { [$0.input("x", [3, 5], .int32).asActivation()] },
    // The start of a text encoder: tokens and positions.
    rows("tokens and positions", ["ids": .tokens(below: 40)]) { builder in
      let positions = builder.weight("positions.weight", [1, 77, 16]).asActivation()
      let table = Parameter(path: "tokens.weight", shape: [40, 16])
      return [builder.input("ids", [2, 77], .int32).embedded(in: table) + positions]
    },
  ].flatMap { $0 }

  private static let castInputs: [String: Distribution] = [
    "x": .values([0, -0, 1, 1.00390625, 1.01171875, -1.00390625, 1.0039064, 0.1, -0.7])
  ]

  private static func embedding(_ ids: Shape, _ table: Shape) -> [OpCase] {
    rows("embedding \(ids) in \(table)", ["ids": .tokens(below: Int32(table[0]))]) { builder in
      [builder.input("ids", ids, .int32).embedded(in: Parameter(path: "table.weight", shape: table))]
    }
  }

  private static func timestepEmbedding(_ times: [Float], width: Int) -> [OpCase] {
    rows("timestepEmbedding \(times) -> \(width)", ["t": .values(times)]) { builder in
      [builder.input("t", [times.count]).timestepEmbedding(width: width).asActivation()]
    }
  }
}
