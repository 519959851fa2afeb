import ImagineGraph
import Testing

@testable import ImagineModels

struct WeightsTests {
  @Test("What is missing, mis-shaped and unused is named, each weight once")
  func report() {
    let inventory = WeightInventory([
      "unet.conv_in.weight": [4, 3, 3, 3], "unet.conv_in.bias": [5], "unet.extra": [1],
    ])
    let convolution = Weights(inventory, path: "unet")["conv_in"]
    _ = convolution.parameter("weight", [4, 3, 3, 3])
    for _ in 0..<2 { _ = convolution.parameter("bias", [4]) }
    _ = convolution.parameter("scale", [4])
    #expect(inventory.report.missing == ["unet.conv_in.scale [4]"])
    #expect(inventory.report.misshapen == ["unet.conv_in.bias: expected [4], found [5]"])
    #expect(inventory.report.unused == ["unet.extra"])
    #expect(!inventory.report.isComplete)
  }

  @Test(
    "A linear layer may be kept as a 1×1 convolution, and the other way round",
    arguments: [
      ([4, 3, 1, 1], [4, 3], true), ([4, 3], [4, 3, 1, 1], true), ([1], [1, 1], true),
      ([3, 4], [4, 3], false), ([12], [4, 3], false), ([4, 3, 3, 3], [4, 3], false), ([4], [4, 3], false),
    ] as [([Int], [Int], Bool)])
  func trailingOnes(found: [Int], asked: [Int], fits: Bool) {
    let inventory = WeightInventory(["unet.weight": Shape(found)])
    _ = Weights(inventory, path: "unet").parameter("weight", Shape(asked))
    #expect(inventory.report.isComplete == fits)
  }
}
