import Foundation
import ImagineCheckpoint
import ImagineGraph
import Testing

@Suite("Number formats against torch")
struct ConversionTests {
  /// Tensors of every format and what torch makes of them: Tests/References/checkpoint_conversions.py.
  let file: SafetensorsFile

  init() throws { file = try SafetensorsFile(goldens.appending(path: "conversions.safetensors")) }

  private func bits<Bits: FixedWidthInteger>(of name: String, _ type: Bits.Type) throws -> [Bits] {
    try file.withBytes(of: name) { bytes in
      (0..<bytes.count / MemoryLayout<Bits>.size).map {
        bytes.loadUnaligned(fromByteOffset: $0 * MemoryLayout<Bits>.size, as: Bits.self)
      }
    }
  }

  /// Converts by way of a checkpoint, whose text-projection tensor may have any name and shape inside its component.
  private func convert<Bits: FixedWidthInteger & BitwiseCopyable>(
    _ dataType: StorageFormat, _ bytes: [UInt8], to type: ElementType, _ bits: Bits.Type
  ) throws -> [Bits] {
    let folder = try TemporaryFolder()
    let count = bytes.count / dataType.bytesPerBlock
    // One byte before it, so that nothing is aligned.
    let header =
      #"{"unet.conv_in.bias":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"unet.conv_in.weight":{"dtype":""#
      + dataType.rawValue + #"","shape":[\#(count)],"data_offsets":[1,\#(1 + bytes.count)]}}"#
    let url = try folder.file("x.safetensors", safetensors(Data(header.utf8), data: Data([0]) + Data(bytes)))
    return try read(Checkpoint.open(url), "unet.conv_in.weight", as: type, of: Bits.self, count: count)
  }

  @Test("to float32 and bfloat16", arguments: StorageFormat.allCases.filter { $0.blockLength == 1 })
  func floats(dataType: StorageFormat) throws {
    let bytes = try file.withBytes(of: dataType.rawValue) { Array($0) }
    let float32 = try bits(of: "\(dataType.rawValue).float32", UInt32.self)
    #expect(!float32.isEmpty)
    let converted = try convert(dataType, bytes, to: .float32, UInt32.self)
    for (index, (found, expected)) in zip(converted, float32).enumerated() {
      if Float(bitPattern: expected).isNaN {
        #expect(Float(bitPattern: found).isNaN, "element \(index)")
      } else {
        #expect(found == expected, "element \(index)")
      }
    }
    guard file["\(dataType.rawValue).bfloat16"] != nil else { return }
    let bfloat16 = try bits(of: "\(dataType.rawValue).bfloat16", UInt16.self)
    let rounded = try convert(dataType, bytes, to: .bfloat16, UInt16.self)
    for (index, (found, expected)) in zip(rounded, bfloat16).enumerated() {
      if Float(bitPattern: UInt32(expected) << 16).isNaN {
        #expect(Float(bitPattern: UInt32(found) << 16).isNaN, "element \(index)")
      } else {
        #expect(found == expected, "element \(index)")
      }
    }
  }

  #if !(os(macOS) && arch(x86_64))
    @Test("All 65536 binary16 values agree with the compiler's")
    func float16() throws {
      let all = (0...UInt16.max).flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
      let converted = try convert(.float16, all, to: .float32, UInt32.self)
      var differences: [UInt16] = []
      for bits in 0...UInt16.max {
        let expected = Float(Float16(bitPattern: bits))
        let found = Float(bitPattern: converted[Int(bits)])
        if expected.isNaN ? !found.isNaN : found.bitPattern != expected.bitPattern { differences.append(bits) }
      }
      #expect(differences.isEmpty)
    }
  #endif

  private func littleEndian<Number: BitwiseCopyable>(_ numbers: [Number]) -> [UInt8] {
    numbers.withUnsafeBytes(Array.init)
  }

  @Test("to int32: exact from integers, to nearest from damaged floats")
  func integers() throws {
    let int64 = littleEndian([0, 76, -1, Int64(Int32.max)])
    #expect(try convert(.int64, int64, to: .int32, Int32.self) == [0, 76, -1, .max])
    let floats = littleEndian([0, 0.9999, 75.0005, -3] as [Float])
    #expect(try convert(.float32, floats, to: .int32, Int32.self) == [0, 1, 75, -3])
    #expect(try convert(.float16, [0x00, 0x3C, 0x00, 0xC0], to: .int32, Int32.self) == [1, -2])
    #expect(try convert(.bool, [1, 0], to: .int32, Int32.self) == [1, 0])

    let large = littleEndian([Int64(Int32.max) + 1])
    #expect(errorCode { _ = try convert(.int64, large, to: .int32, Int32.self) } == "unrepresentableValue")
    for value in [Float.nan, .infinity, 3e9] {
      let bytes = littleEndian([value])
      #expect(errorCode { _ = try convert(.float32, bytes, to: .int32, Int32.self) } == "unrepresentableValue")
    }
  }

  @Test func wrongDestination() throws {
    let folder = try TemporaryFolder()
    let checkpoint = try Checkpoint.open(
      writeZeros([("unet.conv_in.weight", [3])], to: folder.url.appending(path: "x.safetensors")))
    #expect(
      errorCode { _ = try read(checkpoint, "unet.conv_in.weight", as: .float32, of: Float.self, count: 4) }
        == "elementCountMismatch")
    #expect(
      errorCode { _ = try read(checkpoint, "unet.conv_out.weight", as: .float32, of: Float.self, count: 3) }
        == "missingTensor")
  }
}
