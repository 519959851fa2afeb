import Foundation
import Imagine
import ImagineFiles
import Testing

@testable import ImagineCommand

@Suite struct PromptFileTests {
  private func file(_ text: String) -> PromptFile { PromptFile(Data(text.utf8)) }

  private func entry(_ line: String) throws -> PromptFileEntry {
    let file = file(line)
    #expect(file.problems.isEmpty)
    return try #require(file.entries.first)
  }

  private func problem(_ line: String) throws -> String {
    let file = file(line)
    #expect(file.entries.isEmpty)
    return try #require(file.problems.first).message
  }

  @Test(arguments: [
    "a red house", "a house -- painted in oil", "a house — an old one", "a -cat - with \"quotes\" and \\(style\\)",
    "girl's house", "an em--dash", "--", "--- x", "--5 degrees",
  ])
  func aLineWithoutOptionsIsThePromptAsItStands(_ line: String) throws {
    let entry = try entry(line)
    #expect(entry.prompt == line)
    #expect(entry.steps == nil)
  }

  @Test func skipsBlankLinesAndComments() {
    let file = file("\n  \n# a comment\n\ta house  \n\n  # another --bad\nb\n")
    #expect(file.entries.map(\.prompt) == ["a house", "b"])
    #expect(file.entries.map(\.line) == [4, 7])
    #expect(file.problems.isEmpty)
  }

  @Test(arguments: ["a\nb\nc", "a\r\nb\r\nc\r\n", "a\rb\rc", "\u{FEFF}a\nb\nc\n"])
  func readsEveryKindOfLineEnd(_ text: String) {
    let file = file(text)
    #expect(file.entries.map(\.prompt) == ["a", "b", "c"])
    #expect(file.entries.map(\.line) == [1, 2, 3])
  }

  @Test func readsA1111Lines() throws {
    let entry = try entry(
      "--prompt a red house --negative_prompt blurry, bad art --steps 30 --seed 7 --width 512 --height 768 "
        + "--cfg_scale 6.5 --sampler_name \"DPM++ 2M Karras\" --batch_size 2 --n_iter 3")
    #expect(entry.prompt == "a red house")
    #expect(entry.negativePrompt == "blurry, bad art")
    #expect(entry.steps == 30)
    #expect(entry.seed == .fixed(7))
    #expect(entry.width == 512)
    #expect(entry.height == 768)
    #expect(entry.guidanceScale == 6.5)
    #expect(entry.sampler == .dpmpp2M)
    #expect(try entry.applied(to: GenerationRequest(prompt: "")).schedule == .karras)
    #expect(entry.count == 6)
  }

  @Test func readsThisProgramsSpellings() throws {
    let entry = try entry(
      "a boat --negative-prompt=\"bad, worse\" --size 96x64 --cfg 2 --sampler euler_a --schedule simple --rng a1111 "
        + "--seed -1 --count 2 --output boats/one")
    #expect(entry.prompt == "a boat")
    #expect(entry.negativePrompt == "bad, worse")
    #expect(entry.width == 96 && entry.height == 64)
    #expect(entry.guidanceScale == 2)
    #expect(entry.sampler == .eulerAncestral)
    #expect(entry.schedule == .named(.simple))
    #expect(entry.randomSource == .cuda)
    #expect(entry.seed == .random)
    #expect(entry.count == 2)
    #expect(entry.output?.text == "boats/one.png")
  }

  @Test func readsWhatAModelIsTold() throws {
    let entry = try entry(
      "a --clip_skip 2 --original_size 640x320 --crop 24,8 --target-size 768x512 --refiner-switch-at 0.7")
    let request = try entry.applied(to: GenerationRequest(prompt: ""))
    #expect(request.clipSkip == 2 && request.crop == Crop(left: 24, top: 8))
    #expect(request.originalSize == Size(width: 640, height: 320))
    #expect(request.targetSize == Size(width: 768, height: 512))
    #expect(entry.refinerStart == 0.7 && request.refiner == nil)
  }

  @Test(
    arguments: [
      ("x --schedule normal --sampler \"DPM++ 2M Karras\"", Schedule.normal),
      ("x --sampler \"DPM++ 2M Karras\" --schedule normal", .normal),
      ("x --sampler \"DPM++ 2M Karras\" --schedule automatic", .karras), ("x --schedule Automatic", nil),
      ("x --sampler euler", .simple), ("x", .simple),
    ] as [(String, Schedule?)])
  func schedules(_ line: String, _ schedule: Schedule?) throws {
    var base = GenerationRequest(prompt: "")
    base.schedule = .simple
    #expect(try entry(line).applied(to: base).schedule == schedule)
  }

  @Test(arguments: [
    ("--prompt \"a house --steps 3\" --steps 5", "a house --steps 3"),
    ("--prompt 'a \"b\" \\c' --steps 5", "a \"b\" \\c"),
    ("--prompt a girl's house --steps 5", "a girl's house"),
    ("--prompt \"say \\\"hi\\\" \\(now\\)\" --steps 5", "say \"hi\" \\(now\\)"),
    ("--prompt=\"a b\" c --steps 5", "a b c"),
    ("--prompt \"\" --steps 5", ""),
    ("\"--steps 1\" --steps 5", "--steps 1"),
    ("--prompt a\\ \\ b --steps 5", "a  b"),
    ("\u{2014} dash --steps 5", "\u{2014} dash"),
  ])
  func quotesAndBackslashes(_ line: String, _ prompt: String) throws {
    let entry = try entry(line)
    #expect(entry.prompt == prompt)
    #expect(entry.steps == 5)
  }

  @Test(arguments: [
    ("a --stepps 3", "--stepps"), ("a --steps many", "many"), ("a --steps 3.5", "3.5"), ("a --steps", "no value"),
    ("a --steps --seed 3", "no value"), ("a --steps 3 4", "'4'"), ("a --width 99999999999999999999", "number"),
    ("a --seed -2", "number"), ("a --sampler nonsense", "nonsense"), ("a --scheduler nonsense", "nonsense"),
    ("a --size big", "big"), ("a --prompt b", "before"), ("a --steps 3 --steps 4", "once"),
    ("--prompt \"open --steps 3", "not closed"), ("a --count 0", "1 to 100000"),
    ("a --batch_size 99999999999 --n_iter 99999999999", "1 to 100000"), ("a --output ../up", "inside"),
    ("a --output /etc/x", "inside"), ("a --output a//b", "inside"), ("a --styles neon", "not possible"),
    ("a --tiling maybe", "x, y, both or none"), ("a --clip-skip 0", "last layer"), ("a --crop 3", "0,0"),
    ("a --target_size x", "1024x1024"), ("a --refiner-start 2", "0 to 1"), ("a --model x", "for all lines"),
    ("a --ckpt x", "for all lines"), ("a --refiner x", "for all lines"), ("a --subseed -3", "-1"),
    ("a --seed_resize_from_h 512", "not possible"),
    ("a --sd_model x", "not possible"),
  ])
  func namesWhatIsWrong(_ line: String, _ words: String) throws {
    #expect(try problem(line).contains(words))
  }

  @Test func leavesOutWhatChangesNothing() throws {
    let file = file("a --do_not_save_grid true --outpath_samples /x --restore_faces false --subseed -1 --steps 3")
    #expect(file.entries.first?.steps == 3)
    #expect(file.warnings.count == 2)
    #expect(file.problems.isEmpty)
  }

  @Test func wrongLinesLeaveTheOthersStanding() {
    let file = file("a\nb --steps x\nc\nd --nope 1\ne")
    #expect(file.entries.map(\.prompt) == ["a", "c", "e"])
    #expect(file.problems.map(\.line) == [2, 4])
    #expect(file.problems.first?.description.hasPrefix("line 2: ") == true)
  }

  @Test func refusesTheSameOutputTwice() {
    let file = file("a --output x\nb --output x.png\nc --output y")
    #expect(file.entries.map(\.prompt) == ["a", "c"])
    #expect(file.problems.map(\.line) == [2])
  }

  @Test func survivesBytesThatAreNoText() {
    var data = Data("good\nbad \u{0} nul\n".utf8)
    data.append(contentsOf: [0xFF, 0xC0, 0x0A])
    data.append(Data((String(repeating: "x", count: PromptFile.longestLine + 1) + "\nlast").utf8))
    let file = PromptFile(data)
    #expect(file.entries.map(\.prompt) == ["good", "last"])
    #expect(file.problems.map(\.line) == [2, 3, 4])
  }

  @Test func anyBytesAtAll() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<300 {
      let alphabet = Array("--stepromt \"'\\=\n\r# 12".utf8) + [0, 0xFF, 0xC3, 0xA9]
      let bytes = (0..<200).map { _ in alphabet.randomElement(using: &generator) ?? 0 }
      let file = PromptFile(Data(bytes))
      #expect(file.entries.count + file.problems.count <= 201)
    }
  }

  @Test func derivedSeedsAreStableAndDifferForRepetitions() throws {
    let file = file("a red house\na red house\na blue house")
    let seeds = file.entries.map(\.derivedSeed)
    #expect(Set(seeds).count == 3)
    #expect(seeds.allSatisfy { $0 < 1 << 32 })
    // FNV-1a of "a red house", 0, "0", 0, computed apart from this code.
    #expect(seeds.first == 2_541_674_117)
    #expect(PromptFile(Data("# moved\n\na red house".utf8)).entries.first?.derivedSeed == seeds.first)
  }

  @Test func appliesOnlyWhatTheLineSays() throws {
    var base = GenerationRequest(prompt: "", size: Size(width: 64, height: 96), steps: 9, guidanceScale: 3)
    base.seed = 5
    base.negativePrompt = "n"
    let plain = try entry("a").applied(to: base)
    #expect(plain.prompt == "a" && plain.size == base.size && plain.steps == 9 && plain.seed == 5)
    #expect(plain.negativePrompt == "n")
    let changed = try entry("a --height 32 --seed -1 --negative_prompt --sampler ddim").applied(to: base)
    #expect(changed.size == Size(width: 64, height: 32))
    #expect(changed.seed == nil)
    #expect(changed.negativePrompt.isEmpty)
    #expect(changed.sampler == .ddim)
  }

  private static let otherFormats: [(String, [UInt8], String)] = [
    ("p.txt", [0xFF, 0xFE, 0x61, 0x00], "UTF-16"), ("p.txt", [0x89] + Array("PNG\r\n".utf8), "no text"),
    ("p.txt", [0x61, 0x00, 0x62], "no text"), ("p.txt", [0xFF, 0xD8, 0xFF, 0xE0], "no text"),
    ("p.txt", Array("[\"a\", \"b\"]".utf8), "JSON"), ("p.txt", Array("{\"prompt\": \"a\"}".utf8), "JSON"),
    ("p.txt", [0xEF, 0xBB, 0xBF] + Array("{\"prompt\":\n \"a\"}".utf8), "JSON"),
    ("p.txt", Array("{\"prompt\": \"a\"}\n{\"prompt\": \"b\"}\n".utf8), "JSON"), ("p.json", Array("a".utf8), "JSON"),
    ("p.jsonl", Array("a".utf8), "JSON"), ("p.txt", Array("prompt,seed\na,1\n".utf8), "CSV"),
    ("p.txt", Array("\"Seed\";\"Prompt\"\n1;a\n".utf8), "CSV"), ("p.csv", Array("a,b".utf8), "CSV"),
    ("p.txt", Array("seed\tprompt\n".utf8), "CSV"),
  ]

  @Test(arguments: otherFormats)
  func otherFormatsAreRefusedInWords(_ name: String, _ bytes: [UInt8], _ words: String) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "prompts-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    let path = folder.appending(path: name).path
    try Data(bytes).write(to: URL(filePath: path))
    let failure = #expect(throws: CommandFailure.self) { try PromptFile(path: path) }
    #expect(failure?.status == 2)
    #expect(failure?.message?.contains(words) == true, "\(failure?.message ?? "")")
  }

  @Test(arguments: ["[a fish]", "{a|b} fish", "a, prompt, in words", "prompt", "{", "[1 fish, 2 fish]", "PK"])
  func promptsMayBeginLikeOtherFormats(_ text: String) {
    #expect(OtherFormat(Data(text.utf8), name: "p.txt") == nil)
  }

  @Test func whatCannotBeReadIsAFailure() throws {
    let folder = FileManager.default.temporaryDirectory
    for bad in [folder.path, folder.appending(path: "missing-\(UUID().uuidString)").path] {
      let failure = #expect(throws: CommandFailure.self) { try PromptFile(path: bad) }
      #expect(failure?.status == 1)
    }
  }

  @Test(arguments: [
    "../x", "..", "../\u{301}x", "a/../../x", "a/\u{338}/../../x", "/x", "a//b", ".", "a/./b", "~/../../x", "",
    String(repeating: "x", count: 246), String(repeating: "é", count: 124), "a/" + String(repeating: "x", count: 300),
    String(repeating: "x", count: 256) + "/a", "a\u{7F}b",
  ])
  func outputsStayInTheirFolder(_ output: String) throws {
    #expect(try problem("a --output \"\(output)\"").contains("--output"))
  }

  @Test(arguments: ["~/x", "~root", "$HOME/x", "a.PNG", "\u{301}x", "..x", String(repeating: "é", count: 120)])
  func outputsAreTakenAsTheyStand(_ output: String) throws {
    let path = try #require(try entry("a --output \"\(output)\"").output)
    let ending = output.hasSuffix(".PNG") ? "" : ".png"
    #expect(Array(path.text.utf8) == Array((output + ending).utf8))
  }

  @Test func optionsOfOtherProgramsAndSlips() throws {
    let entry = try entry("a --guidance_scale 3 --num-inference-steps 4 --num_images_per_prompt 2")
    #expect(entry.guidanceScale == 3 && entry.steps == 4 && entry.count == 2)
    #expect(try problem("a --stpes 3").contains("--steps"))
    #expect(try problem("a --slg-scale 2").contains("not in this version"))
    #expect(try problem("a --ab\(String(repeating: "x\u{301}", count: 20_000)) 3").utf8.count < 300)
    #expect(try problem("a --sampler \(String(repeating: "x\u{301}", count: 20_000))").utf8.count < 300)
  }

  @Test func linesAreCounted() {
    let file = file(String(repeating: "a\n", count: PromptFile.mostLines + 5))
    #expect(file.entries.count == PromptFile.mostLines)
    #expect(file.problems.map(\.line) == [PromptFile.mostLines + 1])
    #expect(file.entries.last?.occurrence == PromptFile.mostLines - 1)
  }

  @Test func linesOfMarksTakeNoLonger() {
    // Two of them are equal text to Swift, and very long to compare.
    let marks = String(repeating: "\u{301}\u{327}", count: 15_000),
      others = String(repeating: "\u{327}\u{301}", count: 15_000)
    let file = file("a\(marks)\na\(others)\na\(marks)")
    #expect(file.entries.map(\.occurrence) == [0, 0, 1])
  }
}
