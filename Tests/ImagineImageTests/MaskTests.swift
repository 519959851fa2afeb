import Foundation
import Testing

@testable import ImagineImage

@Suite("Masks")
struct MaskTests {
  let goldens: MaskGoldens

  init() throws { goldens = try ImageGoldens.load("masks.json") }

  private func box(_ sides: [Int]) -> PixelBox {
    PixelBox(left: sides[0], top: sides[1], right: sides[2], bottom: sides[3])
  }

  @Test("are a picture's brightness, as Pillow has it")
  func luminance() throws {
    let mask = try MaskImage(goldens.noise.image, alpha: nil)
    #expect(mask.values == [UInt8](goldens.luminance.values))
    let solid = [UInt8](repeating: 255, count: mask.values.count)
    #expect(try MaskImage(goldens.noise.image, alpha: solid) == mask)
  }

  @Test("are what was drawn where a picture is transparent")
  func alpha() throws {
    let picture = try RGBImage(width: 4, height: 1, pixels: [UInt8](repeating: 255, count: 12))
    #expect(try MaskImage(picture, alpha: [0, 128, 129, 255]).values == [0, 0, 255, 255])
  }

  @Test("are blurred as by OpenCV, to the bit")
  func blur() throws {
    let blob = try goldens.blob.mask
    #expect(goldens.blurred.count == 7)
    for golden in goldens.blurred {
      #expect(ImageGoldens.difference(blob.blurred(golden.sigma).values, golden.values) == 0, "\(golden.sigma)")
    }
    for sigma in [0, -1, Double.nan, -.infinity, .infinity] { #expect(blob.blurred(sigma) == blob) }
    let dot = try MaskImage(width: 1, height: 1, values: [77])
    for sigma in [0.1, 3, 1e18] { #expect(dot.blurred(sigma) == dot) }
  }

  @Test("are inverted, and made stronger")
  func simple() throws {
    let mask = try MaskImage(width: 4, height: 1, values: [0, 1, 127, 200])
    #expect(mask.inverted.values == [255, 254, 128, 55])
    #expect(mask.strengthened.values == [0, 2, 254, 255])
    #expect(!mask.isEmpty)
    #expect(try MaskImage(width: 1, height: 2, values: [0, 0]).isEmpty)
    #expect(throws: ImageError.self) { try MaskImage(width: 2, height: 2, values: [1]) }
  }

  @Test("have a part around them")
  func regions() throws {
    let blob = try goldens.blob.mask
    for golden in goldens.regions { #expect(blob.region(padding: golden.padding) == box(golden.box)) }
    #expect(blob.region(padding: .max) == PixelBox(left: 0, top: 0, right: 56, bottom: 40))
    #expect(blob.region(padding: .min) == blob.region(padding: 0))
    #expect(try MaskImage(width: 3, height: 1, values: [0, 0, 0]).region(padding: 9) == nil)
  }

  @Test("have a part that is made to fit proportions within the picture")
  func expansion() {
    func expanded(_ sides: [Int], _ size: (Int, Int), _ picture: (Int, Int)) -> [Int] {
      let result = box(sides).expanded(toProportionsOf: size, within: picture)
      return [result.left, result.top, result.right, result.bottom]
    }
    // A region of 128 by 32 in the middle becomes square.
    #expect(expanded([100, 100, 228, 132], (512, 512), (512, 512)) == [100, 52, 228, 180])
    // At an edge it moves inwards.
    #expect(expanded([100, 0, 228, 32], (512, 512), (512, 512)) == [100, 0, 228, 128])
    #expect(expanded([480, 100, 512, 228], (512, 512), (512, 512)) == [384, 100, 512, 228])
    // Where the picture is too small it is cut.
    #expect(expanded([0, 0, 500, 20], (512, 512), (500, 100)) == [0, 0, 500, 100])
    // Halves of an odd growth: the smaller before.
    #expect(expanded([10, 10, 20, 15], (64, 64), (100, 100)) == [10, 8, 20, 18])
  }

  @Test("come to the size of latents as in A1111")
  func latent() throws {
    let soft = try goldens.blob.mask.blurred(4)
    let exact = try soft.latent(width: 7, height: 5, rounded: false)
    #expect(exact == goldens.latent.values.map { Float($0) / 255 })
    let rounded = try soft.latent(width: 7, height: 5)
    #expect(rounded == exact.map { $0 > 0.5 ? 1 : 0 } && rounded.contains(1) && rounded.contains(0))
  }

  @Test("are filled with the colours around them as in A1111, to the bit")
  func filling() throws {
    let picture = try goldens.picture.image, blob = try goldens.blob.mask
    #expect(try ImageGoldens.difference(picture.filled(blob).pixels, goldens.filled.values) == 0)
    #expect(try ImageGoldens.difference(picture.filled(blob.blurred(4)).pixels, goldens.filledSoft.values) == 0)
    let other = try MaskImage(width: 1, height: 1, values: [0])
    #expect(throws: ImageError.self) { try picture.filled(other) }
    let dot = try RGBImage(width: 1, height: 1, pixels: [9, 8, 7])
    #expect(try dot.filled(other) == dot)
    #expect(try dot.filled(other.inverted).pixels == [0, 0, 0])
  }

  @Test("let what is drawn show, and keep the rest to the bit")
  func composition() throws {
    let picture = try goldens.picture.image, drawn = try goldens.drawn.image, part = try goldens.part.image
    let soft = try goldens.blob.mask.blurred(4)
    let whole = try drawn.laid(under: picture, mask: soft)
    #expect(ImageGoldens.difference(whole.pixels, goldens.composed.values) == 0)
    let pasted = try part.laid(under: picture, in: box(goldens.box), mask: goldens.blob.mask.blurred(2))
    #expect(ImageGoldens.difference(pasted.pixels, goldens.composedPart.values) == 0)
    for (pixel, value) in soft.values.enumerated() where value == 0 {
      #expect(whole.pixels[3 * pixel..<3 * pixel + 3] == picture.pixels[3 * pixel..<3 * pixel + 3])
    }
    #expect(throws: ImageError.self) { try part.laid(under: picture, mask: soft) }
    let outside = PixelBox(left: 900, top: 0, right: 910, bottom: 9)
    #expect(throws: ImageError.self) { try part.laid(under: picture, in: outside, mask: soft) }
  }

  @Test("cover the room that a picture is given, and reach into it")
  func outpainting() throws {
    let picture = try RGBImage(width: 4, height: 2, pixels: (0..<24).map { UInt8($0) })
    let grown = try Outpainting(picture, left: 2, top: 0, right: 1, bottom: 1, overlap: 1)
    #expect(grown.canvas.width == 7 && grown.canvas.height == 3)
    let row: [UInt8] = [0, 1, 2, 0, 1, 2, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 9, 10, 11]
    #expect(Array(grown.canvas.pixels[..<21]) == row)
    #expect(grown.canvas.pixels[21..<42] == grown.canvas.pixels[42...])
    #expect(
      grown.mask.values == [
        255, 255, 255, 0, 0, 255, 255,
        255, 255, 255, 255, 255, 255, 255,
        255, 255, 255, 255, 255, 255, 255,
      ])
    let painted = try MaskImage(width: 4, height: 2, values: [9, 0, 0, 0, 0, 0, 0, 0])
    let still = try Outpainting(picture, left: 0, top: 0, right: 0, bottom: 0, painted: painted)
    #expect(still.canvas == picture && still.mask == painted)
    let crowded = try Outpainting(picture, left: 1, top: 1, right: 1, bottom: 1, overlap: .max)
    #expect(crowded.mask.values.allSatisfy { $0 == 255 })
    for margins in [(-1, 0), (.max, 0), (1 << 20, 1 << 20), (0, .min)] {
      #expect(throws: ImageError.self) {
        try Outpainting(picture, left: margins.0, top: margins.1, right: 0, bottom: 0)
      }
    }
  }
}
