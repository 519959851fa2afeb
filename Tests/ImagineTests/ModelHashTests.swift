import CSHA256
import Foundation
import Testing

@testable import Imagine

@Suite struct ModelHashTests {
  private func hash(_ bytes: [UInt8], pieces: Int = .max) -> String {
    var hash = SHA256()
    var rest = bytes[...]
    while !rest.isEmpty {
      let piece = Array(rest.prefix(pieces))
      rest = rest.dropFirst(pieces)
      piece.withUnsafeBytes { hash.update($0) }
    }
    return hash.finish()
  }

  // The examples of FIPS 180-4 and of NIST's test vectors.
  @Test(arguments: [
    ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
    ),
    (String(repeating: "a", count: 1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"),
  ])
  func standardExamples(_ text: String, _ digest: String) {
    #expect(hash(Array(text.utf8)) == digest)
    #expect(hash(Array(text.utf8), pieces: 4096) == digest)
  }

  @Test func anyLengthInAnyPieces() {
    let bytes = (0..<300).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ $0 / 3) }
    for length in 0...300 {
      let whole = hash(Array(bytes[..<length]))
      for pieces in [1, 7, 63, 64, 65] { #expect(hash(Array(bytes[..<length]), pieces: pieces) == whole, "\(length)") }
    }
  }

  @Test func theProcessorsInstructionsAgreeWithTheDefinition() {
    let bytes = (0..<64 * 50).map { UInt8(truncatingIfNeeded: $0 &* $0 &+ 11) }
    for blocks in 0...50 {
      var fast = (0..<8).map { UInt32($0) &* 0x9E37_79B9 }, plain = fast
      sha256_blocks(&fast, bytes, blocks)
      sha256_blocks_portable(&plain, bytes, blocks)
      #expect(fast == plain)
    }
  }

  /// The hash, once it is computed.
  private func hash(of hash: ModelHash) -> String? {
    while hash.isComputing { usleep(1000) }
    return hash.known
  }

  @Test func aFileIsReadOnceAndKnownUntilItChanges() throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "hash-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let file = folder.appending(path: "model.safetensors"), cache = folder.appending(path: "cache")
    try Data("abc".utf8).write(to: file)
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    let abcd = "88d4266fd4e6338d13b845fcf289579d209c897823b9217da3e161936f031589"
    #expect(hash(of: ModelHash(file, cache: cache, keepingFrom: 0)) == abc)
    let sign = try #require(HashedFile(file.path))
    #expect(ModelHashCache(cache.path, .file)[sign] == abc)

    // What the cache says counts for the file it was made of, and no other.
    let other = String(repeating: "0123456789abcdef", count: 4)
    try Data("\(other) \(sign.sign)\n".utf8).write(to: cache.appending(path: "model-hashes"))
    #expect(hash(of: ModelHash(file, cache: cache, keepingFrom: 0)) == other)
    try Data("abcd".utf8).write(to: file)
    #expect(hash(of: ModelHash(file, cache: cache, keepingFrom: 0)) == abcd)

    #expect(hash(of: ModelHash(folder, cache: cache, keepingFrom: 0)) == nil)
    #expect(hash(of: ModelHash(folder.appending(path: "none"), cache: cache, keepingFrom: 0)) == nil)
    for damage in ["", "\u{0}", "zz\n", "not hexadecimal \(sign.sign)", "0123456789 \(sign.sign)"] {
      try Data(damage.utf8).write(to: cache.appending(path: "model-hashes"))
      #expect(hash(of: ModelHash(file, cache: cache, keepingFrom: 0)) == abcd)
    }
    try FileManager.default.removeItem(at: cache)
    #expect(hash(of: ModelHash(file, cache: cache)) == abcd)
    #expect(!FileManager.default.fileExists(atPath: cache.path))
    #expect(hash(of: ModelHash(file, cache: nil)) == abcd)
  }

  @Test func weightsHaveAHashOfTheirOwn() throws {
    let file = FileManager.default.temporaryDirectory.appending(path: "hash-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: file) }
    func weights(_ bytes: [UInt8]) throws -> String? {
      try Data(bytes).write(to: file)
      return hash(of: ModelHash(file, .weights, cache: nil))
    }
    let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    #expect(try weights([2, 0, 0, 0, 0, 0, 0, 0] + Array("{}abc".utf8)) == abc)
    #expect(try weights([4, 0, 0, 0, 0, 0, 0, 0] + Array("{  }abc".utf8)) == abc)
    // What is no safetensors file, or says that it is longer than it is, has none.
    #expect(try weights(Array("PK\u{3}\u{4} a pickle".utf8)) == nil)
    #expect(try weights([9, 0, 0, 0, 0, 0, 0, 0] + Array("{}abc".utf8)) == nil)
    #expect(try weights([UInt8](repeating: 255, count: 8) + Array("{}abc".utf8)) == nil)
    #expect(try weights([2, 0]) == nil)
  }

  @Test func theParametersCarryIt() async throws {
    let image = try await TinyModel.pipeline().image(TinyModel.request)
    #expect(image.parameters.firstMatch(of: #/, Model hash: [0-9a-f]{10}, Model: /#) != nil)
  }
}
