import ImagineGraph
import ImagineImage
import ImagineModels
import Testing

@testable import ImagineEngine

/// What a picture that guides counts, when it does, and what its network is shown.
@Suite struct PictureControlTests {
  private func control(
    _ importance: PictureControl.Importance, pools: Bool = false, picture: RGBImage? = nil
  ) throws -> PictureControl {
    var configuration = ControlNetModel.Configuration()
    configuration.poolsResiduals = pools
    let opened = OpenedControl(
      part: OpenedPart("net", [], SyntheticWeights([:]), identity: nil), kind: .controlNet(configuration), notices: [])
    var control = try PictureControl(opened, picture: picture ?? RGBImage(width: 1, height: 1, pixels: [0, 0, 0]))
    control.weight = 0.5
    control.importance = importance
    return control
  }

  @Test("Each level counts as in A1111's extension and in diffusers' guess mode")
  func scales() throws {
    #expect(try control(.balanced).scales(13) == [Float](repeating: 0.5, count: 13))
    for importance in [PictureControl.Importance.prompt, .control] {
      let scales = try control(importance).scales(13)
      #expect(abs(scales[0] - 0.5 * 0.09941) < 1e-5 && scales[12] == 0.5 && abs(scales[11] - 0.4125) < 1e-6)
      // Of Stable Diffusion XL's ten the last is as strong as the tenth of thirteen.
      #expect(try control(importance).scales(10).last == scales[9])
    }
    let guess = try control(.guess).scales(13)
    #expect(abs(guess[0] - 0.05) < 1e-7 && abs(guess[6] - 0.5 * 0.3162278) < 1e-6 && guess[12] == 0.5)
    #expect(try control(.guess, pools: true).scales(3) == [0.5, 0.5, 0.5])
    #expect(try control(.prompt).featureScales(4) == [0.125, 0.31, 0.4125, 0.5])
    #expect(try control(.guess).featureScales(4) == [0.5, 0.5, 0.5, 0.5])
  }

  @Test("The negative prompt is left alone where the picture is to count more, and by models that pool")
  func guidedRows() throws {
    #expect(try [.balanced, .prompt].allSatisfy { try control($0).guidesAll })
    #expect(try ![PictureControl.Importance.control, .guess].contains { try control($0).guidesAll })
    #expect(try !control(.balanced, pools: true).guidesAll)
  }

  @Test("It guides in the steps that lie wholly between its start and its end")
  func steps() throws {
    var control = try control(.balanced)
    func active(_ count: Int) -> [Int] { (0..<count).filter { control.isActive(step: $0, of: count) } }
    #expect(active(5) == [0, 1, 2, 3, 4])
    (control.start, control.end) = (0.2, 0.7)
    #expect(active(5) == [1, 2])
    #expect(active(10) == [2, 3, 4, 5, 6])
    control.weight = 0
    #expect(active(10) == [])
  }

  @Test(
    "A network is shown the picture at the pass's size, without its masked part if it is to be, and blue first if so")
  func hints() throws {
    let picture = try RGBImage(
      width: 4, height: 2, pixels: (0..<24).map { UInt8($0 * 10) })
    var control = try control(.balanced, picture: picture)
    let mask = try MaskImage(width: 2, height: 1, values: [255, 127])
    let plain = try ControlHint(control, width: 4, height: 2, mask: mask).tensor(isBGR: false)
    #expect(plain.shape == [1, 2, 4, 3] && plain.floats == picture.pixels.map { Float($0) / 255 })
    let swapped = try ControlHint(control, width: 4, height: 2, mask: mask).tensor(isBGR: true)
    #expect(swapped.floats.prefix(3) == [20, 10, 0].map { Float($0) / 255 }[...])
    control.hidesMask = true
    let hidden = try ControlHint(control, width: 4, height: 2, mask: mask).tensor(isBGR: false).floats
    for (index, value) in hidden.enumerated() { #expect(value == (index % 12 < 6 ? -1 : plain.floats[index])) }
    #expect(try ControlHint(control, width: 8, height: 8, mask: mask).tensor(isBGR: false).shape == [1, 8, 8, 3])
  }

  @Test("Values in place, and their means")
  func tensors() {
    let rows = HostTensor([2, 1, 2, 2], [1, 2, 3, 4, 5, 6, 7, 8] as [Float])
    #expect(rows.placed(at: [0, 2], of: 3).floats == [1, 2, 3, 4, 0, 0, 0, 0, 5, 6, 7, 8])
    #expect(rows.pooled.floats == [2, 3, 2, 3, 6, 7, 6, 7])
    #expect(HostTensor.sum([rows, rows])?.floats == [2, 4, 6, 8, 10, 12, 14, 16])
    #expect(HostTensor.sum([]) == nil)
  }

  @Test("A picture of any shape has a middle for an image encoder", arguments: [(28, 28), (40, 56), (3, 2000), (1, 1)])
  func clipPictures(_ width: Int, _ height: Int) throws {
    let picture = try RGBImage(width: width, height: height, pixels: [UInt8](repeating: 255, count: 3 * width * height))
    let tensor = try CLIPPicture(picture, size: 28).tensor
    #expect(tensor.shape == [1, 28, 28, 3])
    // White, normalised by OpenAI's means and deviations.
    for (value, expected) in zip(tensor.floats, [1.9303361, 2.0748837, 2.145897] as [Float]) {
      #expect(abs(value - expected) < 1e-5)
    }
  }
}
