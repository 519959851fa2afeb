/// Pointwise functions.
///
/// Kernels know them by number: `CK_ACTIVATIONS` in CKernels.h and `activate` in Kernels/include/activation.glsl list them in
/// this order. What each computes is defined in ImagineReference.
package enum Activation: String, Hashable, Sendable, CaseIterable {
  /// x * sigmoid(x)
  case silu
  /// x * (1 + erf(x / sqrt 2)) / 2
  case gelu
  /// x * sigmoid(1.702 x)
  case quickGELU
  /// max(x, 0)
  case relu
  case tanh
  /// x * (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2
  case geluTanh
  /// x where it is positive, elsewhere 0.2 x
  case leakyReLU
}

extension Activation? {
  /// The kernels' number of the function: 0 for none, then the cases in order.
  package var kernelNumber: UInt32 {
    flatMap { Activation.allCases.firstIndex(of: $0) }.map { UInt32($0) + 1 } ?? 0
  }
}

/// What PyTorch's `approximate` says of its gelu.
package enum GELUApproximation {
  case none, tanh
}

extension Tensor {
  package func activation(_ function: Activation) -> Tensor { builder.apply(.activation(function), [self]) }
  package func silu() -> Tensor { activation(.silu) }
  package func relu() -> Tensor { activation(.relu) }
  package func tanh() -> Tensor { activation(.tanh) }
  package func gelu(approximate: GELUApproximation = .none) -> Tensor {
    activation(approximate == .none ? .gelu : .geluTanh)
  }

  /// [..., C] with slopes [C] or [1] for what is negative; PyTorch's `PReLU`.
  package func prelu(_ slopes: Tensor) -> Tensor { builder.apply(.prelu, [self, slopes]) }

  /// [..., 2 C] -> [..., C]: the first half times the activation of the second.
  package func glu(_ function: Activation) -> Tensor { builder.apply(.glu(function), [self]) }
  package func geglu() -> Tensor { glu(.gelu) }
}
