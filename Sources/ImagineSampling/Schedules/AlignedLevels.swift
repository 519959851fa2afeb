import Foundation

/// The noise levels of Sabour et al., "Align your steps" (2024), which minimise a bound of the error for one family of models.
package enum AlignedLevels: String, Sendable, Hashable {
  case stableDiffusion1 = "SD1"
  case stableDiffusionXL = "SDXL"

  /// Falling levels for ten steps, with all digits that ComfyUI has.
  var table: [Double] {
    switch self {
    case .stableDiffusion1:
      [
        14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092, 0.9642583904, 0.6523686016,
        0.3977456272, 0.1515232662, 0.0291671582,
      ]
    case .stableDiffusionXL:
      [
        14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141, 0.5550693289, 0.3798540708,
        0.2332364134, 0.1114188177, 0.0291671582,
      ]
    }
  }

  /// The same as A1111 has them, from the paper's text.
  var roundedTable: [Double] {
    switch self {
    case .stableDiffusion1: [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029]
    case .stableDiffusionXL: [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029]
    }
  }

  /// As many levels as wanted through those of a table, evenly spread and straight in the logarithm.
  static func interpolated(_ table: [Double], count: Int) -> [Float] {
    linspace(0, Double(table.count - 1), count: count).map { place in
      let low = min(max(Int(place), 0), max(table.count - 2, 0))
      let fraction = place - Double(low)
      return Float(exp((1 - fraction) * log(table[low]) + fraction * log(table[low + 1])))
    }
  }
}
