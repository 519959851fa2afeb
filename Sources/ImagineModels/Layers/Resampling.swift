package import ImagineGraph

/// Halves height and width by a convolution of stride 2.
package struct Downsample2D {
  let conv: Conv2d

  /// - Parameter padding: 1 on every side in a UNet; 1 at the bottom and right only in an autoencoder.
  package init(_ weights: Weights, channels: Int, padding: Convolution.Padding = .init(1)) {
    conv = Conv2d(weights["conv"], in: channels, out: channels, kernel: 3, stride: 2, padding: padding)
  }

  package func callAsFunction(_ x: Tensor) -> Tensor { conv(x) }
}

/// Repeats pixels to the given size, twice the old one or one less, then smooths by a convolution.
package struct Upsample2D {
  let conv: Conv2d

  package init(_ weights: Weights, channels: Int) {
    conv = Conv2d(weights["conv"], in: channels, out: channels, kernel: 3)
  }

  package func callAsFunction(_ x: Tensor, height: Int, width: Int) -> Tensor {
    conv(x.upsampledNearest(height: height, width: width))
  }
}
