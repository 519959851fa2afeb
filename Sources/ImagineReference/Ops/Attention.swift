import ImagineGraph

/// q [N, T, C], k [N, S, C], v [N, S, C] -> [N, T, C]: scaled dot-product attention in each of `heads` slices of C
/// (Vaswani et al., Attention Is All You Need, 2017). `causal` hides every s > t.
func attention(_ q: Value, _ k: Value, _ v: Value, heads: Int, causal: Bool) -> [Double] {
  let samples = q.shape[0], targets = q.shape[1], sources = k.shape[1], channels = q.channels
  let width = channels / heads, scale = 1 / Double(width).squareRoot()
  var result = [Double](repeating: 0, count: q.elements.count)
  for sample in 0..<samples {
    for head in 0..<heads {
      for target in 0..<targets {
        let query = (sample * targets + target) * channels + head * width
        let visible = causal ? min(target + 1, sources) : sources
        func start(of source: Int) -> Int { (sample * sources + source) * channels + head * width }

        var logits = [Double](repeating: 0, count: visible)
        for source in 0..<visible {
          let key = start(of: source)
          var sum = 0.0
          for channel in 0..<width { sum += q.elements[query + channel] * k.elements[key + channel] }
          logits[source] = sum * scale
        }
        for (source, weight) in softmax(logits).enumerated() {
          let value = start(of: source)
          for channel in 0..<width { result[query + channel] += weight * v.elements[value + channel] }
        }
      }
    }
  }
  return result
}
