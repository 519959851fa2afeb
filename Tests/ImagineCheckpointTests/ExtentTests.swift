import Foundation
import ImagineCheckpoint
import Testing

@Suite("Extents are bounded where a file is read")
struct ExtentTests {
  private func error(_ shape: [Int], bytes: Int = 0) -> String? {
    let header = safetensors(
      "{\"a\":{\"dtype\":\"F16\",\"shape\":\(shape),\"data_offsets\":[0,\(bytes)]}}", data: bytes)
    return errorCode {
      try header.withUnsafeBytes { _ = try SafetensorsHeader($0, file: "x") }
    }
  }

  /// A zero among the extents lets any others through the check of the size: each must be possible by itself.
  @Test(arguments: [1 << 31, 1 << 32, 1 << 61, 1 << 62, Int.max / 8, .max]) func beyondTheBound(extent: Int) {
    for axis in 0..<4 {
      var shape = [0, 0, 3, 3]
      shape[axis] = extent
      #expect(error(shape) == "invalidTensor", "\(shape)")
    }
  }

  @Test func withinTheBound() {
    #expect(error([SafetensorsHeader.maximumExtent, 0, 3, 3]) == nil)
    #expect(error([2, 0, 3, 3]) == nil)
    #expect(error([4], bytes: 8) == nil)
  }
}
