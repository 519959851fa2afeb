/// What a tensor of an adapter is to its module, by the end of its name.
enum TensorPart: Hashable {
  // LoRA, with the core of a convolution decomposed by CP or Tucker.
  case down, up, middle, upBias
  case alpha, scale
  // DoRA: LyCORIS' and kohya's, which may be of rows or columns, and PEFT's, which is of rows.
  case magnitude, rowMagnitude
  // LoHa.
  case hadamard1A, hadamard1B, hadamard2A, hadamard2B, hadamardCore1, hadamardCore2
  // LoKr.
  case kronecker1, kronecker1A, kronecker1B, kronecker2, kronecker2A, kronecker2B, kroneckerCore2
  // IA3: LyCORIS' difference from 1 with what it is of, and PEFT's factor.
  case factorDifference, isOnInput, factor
  // OFT and BOFT: LyCORIS' and kohya's blocks, and PEFT's.
  case blocks, rescale, packedBlocks
  // Full differences, and replacements.
  case difference, biasDifference, normDifference, normBiasDifference, replacement
  /// Of an adapter that is known and not supported, by its name.
  case unsupported(String)

  /// The ends of names, the longer before the shorter where one ends in the other.
  static let suffixes: [(text: String, part: TensorPart)] = [
    (".lora_down.weight", .down), (".lora_up.weight", .up), (".lora_mid.weight", .middle),
    (".lora_A.default.weight", .down), (".lora_B.default.weight", .up), (".lora_B.default.bias", .upBias),
    (".lora_A.weight", .down), (".lora_B.weight", .up), (".lora_B.bias", .upBias),
    (".lora_linear_layer.down.weight", .down), (".lora_linear_layer.up.weight", .up),
    (".lora.down.weight", .down), (".lora.up.weight", .up),
    ("_lora.down.weight", .down), ("_lora.up.weight", .up), ("_lora.alpha", .alpha),
    (".lora_A", .down), (".lora_B", .up), (".lora_up.bias", .upBias),
    (".alpha", .alpha), (".scale", .scale), (".dora_scale", .magnitude),
    (".lora_magnitude_vector.default.weight", .rowMagnitude), (".lora_magnitude_vector.default", .rowMagnitude),
    (".lora_magnitude_vector.weight", .rowMagnitude), (".lora_magnitude_vector", .rowMagnitude),
    (".hada_w1_a", .hadamard1A), (".hada_w1_b", .hadamard1B), (".hada_w2_a", .hadamard2A),
    (".hada_w2_b", .hadamard2B), (".hada_t1", .hadamardCore1), (".hada_t2", .hadamardCore2),
    (".lokr_w1", .kronecker1), (".lokr_w1_a", .kronecker1A), (".lokr_w1_b", .kronecker1B),
    (".lokr_w2", .kronecker2), (".lokr_w2_a", .kronecker2A), (".lokr_w2_b", .kronecker2B),
    (".lokr_t2", .kroneckerCore2),
    (".on_input", .isOnInput), (".ia3_l", .factor),
    (".oft_blocks", .blocks), (".rescale", .rescale), (".oft_R.default.weight", .packedBlocks),
    (".oft_R.weight", .packedBlocks),
    (".diff", .difference), (".diff_b", .biasDifference), (".w_norm", .normDifference),
    (".b_norm", .normBiasDifference), (".set_weight", .replacement),
    (".a1.weight", .unsupported("GLoRA")), (".a2.weight", .unsupported("GLoRA")),
    (".b1.weight", .unsupported("GLoRA")), (".b2.weight", .unsupported("GLoRA")),
    (".bm1.weight", .unsupported("GLoRA")), (".bm2.weight", .unsupported("GLoRA")),
    (".oft_diag", .unsupported("the first form of OFT")), (".boft_R", .unsupported("PEFT's BOFT")),
    (".bone", .unsupported("Bone")), (".lora_bone", .unsupported("Bone")), (".lora_diag", .unsupported("LoRA-XS")),
    (".vera_lambda_b", .unsupported("VeRA")), (".vera_lambda_d", .unsupported("VeRA")),
    (".reshape_weight", .unsupported("weights of another shape")),
    (".bias_indices", .unsupported("sparse biases")), (".bias_values", .unsupported("sparse biases")),
    (".bias_size", .unsupported("sparse biases")),
    (".down.weight", .down), (".up.weight", .up), (".weight", .factorDifference),
  ]
}
