/// Networks of upscalers that this version does not run, by what only their weights are called.
enum OtherUpscaler {
  /// The network's name; nil if no name says so.
  static func name(of paths: some Collection<String>) -> String? {
    signs.first { _, fragments in
      fragments.allSatisfy { fragment in paths.contains { ".\($0)".contains(fragment) } }
    }?.network
  }

  /// In an order in which the first of which all fragments are there is right.
  private static let signs: [(network: String, fragments: [String])] = [
    ("HAT", [".overlap_attn."]),
    ("ATD", [".residual_group.td"]),
    ("CRAFT", [".hf_blocks."]),
    ("DRCT", [".swin1."]),
    ("GRL", [".stripe_attn."]),
    ("Swin2SR", [".attn.logit_scale", ".residual_group."]),
    ("SRFormer", [".aligned_relative_position_index"]),
    ("SwinIR with a divided picture", [".conv_first.1.", ".residual_group."]),
    ("RGT", [".before_RG.", ".blocks.0.gamma"]),
    ("DAT", [".before_RG."]),
    ("OmniSR", [".residual_layer.0.residual_layer."]),
    ("SPAN", [".block_1.c1_r."]),
    ("RealPLKSR", [".feats.1.lk."]),
    ("SAFMN", [".safm."]),
    ("MoSR", [".gblocks.0."]),
    ("FDAT", [".groups.0.blocks.0.inter."]),
    ("SeemoRe", [".local_block.block."]),
    ("DITN", [".UFONE."]),
    ("RCAN", [".conv_du."]),
    ("Real-CUGAN", [".unet1.", ".conv_bottom."]),
    ("SCUNet", [".m_head.0.", ".trans_block."]),
    ("DRUNet", [".m_head.", ".m_tail."]),
    ("NAFNet", [".middle_blks."]),
    ("SwiftSRGAN", [".initial.cnn."]),
    ("EDSR", [".sub_mean."]),
    ("AuraSR", [".mid_block2.", ".final_res_block."]),
    ("GFPGAN", [".stylegan_decoder."]),
    ("CodeFormer", [".idx_pred_layer."]),
    ("LaMa", [".bn_l.running_mean"]),
  ]
}
