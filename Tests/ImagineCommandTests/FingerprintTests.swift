import Foundation
import Imagine
import ImagineGoldens
import Testing

@testable import ImagineCommand

/// The sign of all settings in the names of a prompt file's pictures: what changes a picture changes it, so that nothing is
/// taken for drawn that is not.
@Suite struct FingerprintTests {
  private typealias Change = @Sendable (inout GenerationRequest) throws -> Void

  private static func upscaler() throws -> UpscalerModel {
    try UpscalerModel(
      opening: Golden.url("upscalers/compact_x2.pth"), on: Engine(Engine.Options(device: .cpu, threads: 1)))
  }

  private static func hires(by upscaler: UpscalerModel) -> HiresFix {
    hires { $0.upscalerModel = upscaler }
  }

  private static func picture(_ shade: UInt8, alpha: [UInt8]? = nil) throws -> SourcePicture {
    try SourcePicture(size: Size(width: 1, height: 1), pixels: [shade, 0, 0], alpha: alpha)
  }

  /// For every field of a request, what changes it; nothing for those that change no picture, or are signed elsewhere.
  private static let changes: [String: [Change]] = [
    "prompt": [{ $0.prompt = "b" }], "negativePrompt": [{ $0.negativePrompt = "b" }],
    "size": [{ $0.size = Size(width: 8, height: 16) }, { $0.size = Size(width: 16, height: 8) }],
    "steps": [{ $0.steps = 3 }], "guidanceScale": [{ $0.guidanceScale = 3 }],
    // Given beside the request, as that of one picture.
    "seed": [],
    "sampler": [{ $0.sampler = .ddim }, { $0.sampler = .euler }],
    "schedule": [{ $0.schedule = .karras }, { $0.schedule = .beta }], "randomSource": [{ $0.randomSource = .cuda }],
    "likeness": [{ $0.likeness = .a1111 }, { $0.likeness = .comfyUI }],
    "samplerSettings": fields.map { field in { $0.samplerSettings = field } },
    "guidance": [
      { $0.guidance.rescale = 0.5 }, { $0.guidance.interval = 1...2 }, { $0.guidance.interval = 1...3 },
      { $0.guidance.minimumSigma = 1 }, { $0.guidance.pictureScale = 2 },
    ],
    "variation": [
      { $0.variation = Variation(seed: 1, strength: 0.5) }, { $0.variation = Variation(seed: 2, strength: 0.5) },
      { $0.variation = Variation(seed: 1, strength: 0.25) },
    ],
    "noiseSize": [{ $0.noiseSize = Size(width: 8, height: 8) }],
    "tiling": [{ $0.tiling = .x }, { $0.tiling = .y }, { $0.tiling = [.x, .y] }],
    "initialImage": [
      { $0.initialImage = InitialImage(try picture(1)) }, { $0.initialImage = InitialImage(try picture(2)) },
      { $0.initialImage = InitialImage(try picture(1, alpha: [7])) },
      { $0.initialImage = try changed { $0.strength = 0.5 } },
      { $0.initialImage = try changed { $0.resizing = .fill } },
      { $0.initialImage = try changed { $0.margins = Margins(left: 8) } },
      { $0.initialImage = try changed { $0.margins = Margins(right: 8) } },
      { $0.initialImage = try masked { _ in } }, { $0.initialImage = try masked { $0.picture = try picture(10) } },
      { $0.initialImage = try masked { $0.blur = 5 } }, { $0.initialImage = try masked { $0.isInverted = true } },
      { $0.initialImage = try masked { $0.content = .noise } }, { $0.initialImage = try masked { $0.padding = 0 } },
      { $0.initialImage = try masked { $0.padding = 8 } },
    ],
    "hires": [
      { $0.hires = HiresFix() }, { $0.hires = hires { $0.scale = 1.5 } }, { $0.hires = hires { $0.steps = 4 } },
      { $0.hires = hires { $0.size = Size(width: 8, height: 8) } }, { $0.hires = hires { $0.strength = 0.5 } },
      { $0.hires = hires { $0.upscaler = .lanczos } }, { $0.hires = try hires(by: upscaler()) },
    ],
    "upscaling": [
      { $0.upscaling = Upscaling(try upscaler()) }, { $0.upscaling = Upscaling(try upscaler(), scale: 3) },
    ],
    "promptSyntax": [{ $0.promptSyntax = .comfy }, { $0.promptSyntax = .plain }],
    "emphasis": [{ $0.emphasis = .noNorm }, { $0.emphasis = .ignore }],
    "countsEditsAnew": [{ $0.countsEditsAnew = true }],
    "secondPrompt": [{ $0.secondPrompt = "" }, { $0.secondPrompt = "b" }],
    "secondNegativePrompt": [{ $0.secondNegativePrompt = "" }, { $0.secondNegativePrompt = "b" }],
    "clipSkip": [{ $0.clipSkip = 2 }], "originalSize": [{ $0.originalSize = Size(width: 8, height: 8) }],
    "crop": [{ $0.crop = Crop(left: 1, top: 0) }, { $0.crop = Crop(left: 0, top: 1) }],
    "targetSize": [{ $0.targetSize = Size(width: 8, height: 8) }],
    "negativeOriginalSize": [{ $0.negativeOriginalSize = Size(width: 8, height: 8) }],
    "negativeCrop": [{ $0.negativeCrop = Crop(left: 1, top: 0) }],
    "negativeTargetSize": [{ $0.negativeTargetSize = Size(width: 8, height: 8) }],
    "aestheticScore": [{ $0.aestheticScore = 5 }], "negativeAestheticScore": [{ $0.negativeAestheticScore = 5 }],
    // In the model's signature, and by its start: drawn in PartTests.
    "refiner": [],
    "previewInterval": [], "count": [], "recordsTensors": [],
  ]

  private static let fields: [SamplerSettings] = {
    func settings(_ change: (inout SamplerSettings) -> Void) -> SamplerSettings {
      var result = SamplerSettings()
      change(&result)
      return result
    }
    return [
      settings { $0.eta = 0.5 }, settings { $0.churn = 0.5 }, settings { $0.churnMinimum = 0.5 },
      settings { $0.churnMaximum = 0.5 }, settings { $0.noise = 0.5 }, settings { $0.noiseSeedDelta = 1 },
      settings { $0.sigmas = [1, 0] }, settings { $0.sigmas = [2, 0] },
    ]
  }()

  private static func changed(_ change: (inout InitialImage) throws -> Void) throws -> InitialImage {
    var image = InitialImage(try picture(1))
    try change(&image)
    return image
  }

  private static func masked(_ change: (inout Mask) throws -> Void) throws -> InitialImage {
    var mask = Mask(try picture(9))
    try change(&mask)
    return try changed { $0.mask = mask }
  }

  private static func hires(_ change: (inout HiresFix) -> Void) -> HiresFix {
    var fix = HiresFix()
    change(&fix)
    return fix
  }

  @Test func everyFieldOfARequestChangesIt() throws {
    let base = GenerationRequest(prompt: "a")
    let fields = Mirror(reflecting: base).children.compactMap(\.label)
    #expect(Set(fields) == Set(Self.changes.keys), "a field is missing here, or gone from requests")
    var seen = [PictureName.fingerprint(base, seed: 1, model: "m"): "nothing"]
    for (field, changes) in Self.changes.sorted(by: { $0.key < $1.key }) {
      for (index, change) in changes.enumerated() {
        var request = base
        try change(&request)
        let sign = PictureName.fingerprint(request, seed: 1, model: "m")
        #expect(PictureName.fingerprint(request, seed: 1, model: "m") == sign)
        #expect(seen.updateValue("\(field) \(index)", forKey: sign) == nil, "\(field) \(index)")
      }
    }
  }

  @Test("Every field of what a request holds is changed above, too")
  func everyFieldOfTheirFields() throws {
    let image = try Self.masked { _ in }
    let known: [(Any, Set<String>)] = [
      (
        SamplerSettings(),
        ["eta", "churn", "churnMinimum", "churnMaximum", "noise", "noiseSeedDelta", "sigmas"]
      ),
      (GuidanceSettings(), ["rescale", "interval", "minimumSigma", "pictureScale"]),
      (Variation(strength: 1), ["seed", "strength"]),
      (HiresFix(), ["scale", "size", "steps", "strength", "upscaler", "upscalerModel"]),
      (image, ["picture", "strength", "resizing", "mask", "margins"]),
      (image.picture, ["size", "pixels", "alpha", "texts"]),
      (try #require(image.mask), ["picture", "blur", "isInverted", "content", "padding"]),
      (Margins(), ["left", "top", "right", "bottom"]),
      (Upscaling(try Self.upscaler()), ["upscaler", "scale"]),
    ]
    for (value, names) in known {
      #expect(Set(Mirror(reflecting: value).children.compactMap(\.label)) == names, "\(type(of: value))")
    }
  }
}
