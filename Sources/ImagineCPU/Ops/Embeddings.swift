import CKernels
import Foundation
import ImagineGraph

extension PlanBuilder {
  /// ids [N, T], table [V, C] -> [N, T, C].
  func embedding(ids: Value, table: Value, _ result: Target) -> Kernel {
    let device = device, entries = table.shape[0], rowBytes = table.shape[1] * table.type.elementType.size
    return { frame in
      let address = try ids.address(in: frame).assumingMemoryBound(to: Int32.self)
      let outside = UnsafeBufferPointer(start: address, count: ids.count).first { $0 < 0 || Int($0) >= entries }
      if let outside { throw CPUBackendError("Token id \(outside) is outside the table of \(entries) entries.") }
      ck_gather_rows(device, address, try table.address(in: frame), result.address(in: frame), ids.count, rowBytes)
    }
  }

  /// t [N] -> [N, width]: cosines, then sines.
  ///
  /// Angles are computed in 32 bits, step by step as diffusers' `get_timestep_embedding` does, because models were
  /// trained on those.
  func timestepEmbedding(_ t: Value, width: Int, _ result: Target) -> Kernel {
    let half = width / 2
    let frequencies = (0..<half).map { exp(-Float(log(10000.0)) * Float($0) / Float(half)) }
    return { frame in
      let times = UnsafeBufferPointer(start: try t.floats(in: frame), count: t.count)
      var out = result.address(in: frame).assumingMemoryBound(to: Float.self)
      for time in times {
        for (index, frequency) in frequencies.enumerated() {
          let angle = Double(time * frequency)
          out[index] = Float(cos(angle))
          out[half + index] = Float(sin(angle))
        }
        out += width
      }
    }
  }
}
