import ArgumentParser
import Foundation
import Imagine

/// A picture to begin from, and what of it may change.
struct InitialImageOptions: ParsableArguments {
  @Option(
    name: [.customShort("i"), .customLong("init-image"), .customLong("init-img")],
    help: ArgumentHelp(
      "A picture to change: PNG, JPEG or WebP; - is the standard input. Without --size the result has its size.",
      valueName: "file"),
    completion: .file())
  var path: String?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How much of it changes: 0 leaves it, 1 begins from noise. Default: 0.75; 1 with --expand and for models that are told "
        + "what to keep.", valueName: "x"))
  var strength: Double?

  @Option(
    help: ArgumentHelp(
      "How it is brought to the picture's size: \(Choices.sentence(of: Resizing.self)). Default: crop.",
      valueName: "name"),
    completion: .list(Resizing.allCases.map(\.rawValue)), transform: Choices.byRawValue)
  var resizeMode: Resizing?

  @Option(
    help: ArgumentHelp(
      "A picture whose white parts alone are painted anew, and whose black parts stay.", valueName: "file"),
    completion: .file())
  var mask: String?

  @Option(help: ArgumentHelp("How far the mask's edge is softened. Default: 4.", valueName: "pixels"))
  var maskBlur: Int?

  @Flag(help: "Paint the mask's black parts anew, and keep the white ones.")
  var invertMask = false

  @Option(
    name: [.long, .customLong("inpainting-fill")],
    help: ArgumentHelp(
      "What is under the mask at first: \(Choices.sentence(of: Mask.Content.self)). Default: original.",
      valueName: "name"), completion: .list(Mask.Content.allCases.map(\.rawValue)), transform: Choices.byRawValue)
  var maskContent: Mask.Content?

  @Flag(
    help: "Draw the masked part alone, at the picture's full size, and put it back: detail for small things.")
  var onlyMasked = false

  @Option(
    help: ArgumentHelp(
      "How much around the masked part is drawn with it. Default: 32. Says --only-masked.", valueName: "pixels"))
  var maskPadding: Int?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Pixels to add to the picture and to paint: from the left, the top, the right and the bottom; one number is for all "
        + "sides.", valueName: "L,T,R,B"), transform: Self.margins)
  var expand: Margins?

  @Option(
    name: [.customLong("image-cfg-scale"), .customLong("img-cfg-scale")], parsing: .unconditional,
    help: ArgumentHelp(
      "Models that edit pictures by instruction (InstructPix2Pix): how closely the picture is kept. Default: 1.5.",
      valueName: "x"))
  var imageCfgScale: Float?

  func validate() throws {
    for (name, value) in [("--init-image", path), ("--mask", mask)] where value?.isEmpty == true {
      throw ValidationError("\(name) is empty: name a picture.")
    }
    if let strength, !(0...1 ~= strength) {
      throw ValidationError("a strength of \(strength) is not possible: choose 0 to 1.")
    }
    if let maskBlur, !(0...256 ~= maskBlur) {
      throw ValidationError("a --mask-blur of \(maskBlur) is not possible: choose 0 to 256.")
    }
    if let maskPadding, !(0...4096 ~= maskPadding) {
      throw ValidationError("a --mask-padding of \(maskPadding) is not possible: choose 0 to 4096.")
    }
  }

  /// Whether anything here needs a picture to be of use: what it is called.
  private var dependent: String? {
    let given: [(String, Bool)] = [
      ("--strength", strength != nil), ("--resize-mode", resizeMode != nil), ("--mask", mask != nil),
      ("--expand", expand != nil), ("--image-cfg-scale", imageCfgScale != nil),
      ("--mask-blur", maskBlur != nil), ("--invert-mask", invertMask), ("--mask-content", maskContent != nil),
      ("--only-masked", onlyMasked), ("--mask-padding", maskPadding != nil),
    ]
    return given.first { $0.1 }?.0
  }

  private var dependentOnMask: String? {
    let given: [(String, Bool)] = [
      ("--mask-blur", maskBlur != nil), ("--invert-mask", invertMask), ("--mask-content", maskContent != nil),
      ("--only-masked", onlyMasked), ("--mask-padding", maskPadding != nil),
    ]
    return given.first { $0.1 }?.0
  }

  /// The pictures that are named.
  var paths: [String] { [path, mask].compactMap { $0 } }

  /// - Parameters:
  ///   - pictures: those that were read before.
  ///   - recorded: how a picture was used that is now given again.
  /// - Throws: `ValidationError` for what does not belong together, `ImagineError` for files that are no pictures.
  func apply(
    to request: inout GenerationRequest, _ pictures: SourcePictures, _ recorded: RecordedChange? = nil
  ) throws {
    let recorded = recorded ?? RecordedChange()
    if let path { request.initialImage = recorded.initialImage(try pictures.picture(path)) }
    if let imageCfgScale { request.guidance.pictureScale = imageCfgScale }
    guard var image = request.initialImage else {
      if let dependent { throw ValidationError("\(dependent) is for a picture to change: give --init-image, too.") }
      return
    }
    if let strength { image.strength = strength }
    if let resizeMode { image.resizing = resizeMode }
    if let expand { image.margins = expand }
    if let mask { image.mask = recorded.mask(try pictures.picture(mask)) }
    if var mask = image.mask {
      if let maskBlur { mask.blur = maskBlur }
      if invertMask { mask.isInverted = true }
      if let maskContent { mask.content = maskContent }
      if onlyMasked || maskPadding != nil { mask.padding = maskPadding ?? mask.padding ?? 32 }
      image.mask = mask
    } else if let dependentOnMask, expand == nil || dependentOnMask == "--only-masked" {
      throw ValidationError("\(dependentOnMask) is for a mask: give --mask, too.")
    }
    request.initialImage = image
  }

  private static func margins(_ text: String) throws -> Margins {
    let parts = text.split(separator: ",", omittingEmptySubsequences: false)
    let numbers = parts.compactMap { Int($0.trimmingPrefix(" ")) }
    guard numbers.count == parts.count, [1, 4].contains(numbers.count), numbers.allSatisfy({ 0...8192 ~= $0 }) else {
      throw ValidationError("give four numbers of pixels such as 0,0,128,0, or one for all sides")
    }
    return numbers.count == 1
      ? Margins(left: numbers[0], top: numbers[0], right: numbers[0], bottom: numbers[0])
      : Margins(left: numbers[0], top: numbers[1], right: numbers[2], bottom: numbers[3])
  }
}
