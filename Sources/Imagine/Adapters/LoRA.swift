public import Foundation
internal import ImagineText

/// A small file that changes a model, and how much of it is applied: a LoRA or one of its kin (LoCon, LoHa, LoKr, DoRA, IA3,
/// OFT, full differences).
public struct LoRA: Sendable, Hashable {
  /// Nil for one that is found by its name in the folders of models.
  public var file: URL?
  /// What prompts call it, as in `<lora:name:0.8>`: the file's name without its ending.
  public var name: String
  /// How much of it is applied in the UNet, 1 as it was trained; may be negative.
  public var weight: Float
  /// The same in the text encoders; nil is as in the UNet.
  public var textEncoderWeight: Float?
  /// How many of its ranks count; nil for all.
  public var ranks: Int?
  /// Strengths of blocks of the UNet that `weight` is multiplied by, as in AUTOMATIC1111's extension "LoRA Block Weight": 12,
  /// 17, 20 or 26 numbers; nil for the same in all.
  public var blocks: [Float]?

  public init(_ file: URL, weight: Float = 1, textEncoderWeight: Float? = nil) {
    self.file = file
    name = file.deletingPathExtension().lastPathComponent
    self.weight = weight
    self.textEncoderWeight = textEncoderWeight
  }

  /// One that is found by its name in the folders of models.
  public init(named name: String, weight: Float = 1, textEncoderWeight: Float? = nil) {
    let endings = [".safetensors", ".pt", ".ckpt", ".bin"]
    let ending = endings.first { name.lowercased().hasSuffix($0) }
    self.name = String(name.dropLast(ending?.count ?? 0))
    self.weight = weight
    self.textEncoderWeight = textEncoderWeight
  }

  /// As a prompt asks for it.
  init(_ file: URL, _ tag: LoRATag) {
    self.init(file, weight: Float(tag.unet), textEncoderWeight: Float(tag.textEncoder))
    name = tag.name
    ranks = tag.ranks
    blocks = tag.blocks?.map(Float.init)
  }

  /// How a prompt would ask for it; nil for a name that cannot stand there.
  var tag: String? {
    LoRATag.text(name, textEncoder: textEncoderWeight ?? weight, unet: weight, ranks: ranks, blocks: blocks)
  }
}
