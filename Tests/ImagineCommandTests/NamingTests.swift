import Foundation
import Imagine
import ImagineFiles
import Testing

@testable import ImagineCommand

@Suite struct NamingTests {
  @Test(arguments: [
    ("A red house, under a YELLOW sun!", "a-red-house-under-a-yellow-sun"), ("", "picture"), ("家", "家"),
    ("---", "picture"), ("🙂", "picture"),
    ("../../etc/passwd", "etc-passwd"), ("étoile à Zürich", "etoile-a-zurich"),
    ("a girl's (hat:1.2)", "a-girls-hat-1-2"),
    ("--steps", "steps"), ("a\nb\u{0}c", "a-b-c"), ("🙂 smile", "smile"), ("ﬁne ²", "fine-2"),
    (String(repeating: "x", count: 300), String(repeating: "x", count: 50)),
    ("Дом у реки, ЁЖ", "дом-у-реки-ёж"), ("赤い家、黄色い太陽", "赤い家-黄色い太陽"), ("लाल घर", "लाल-घर"),
    ("빨간 집", "빨간-집"), ("بيت أحمر", "بيت-أحمر"), ("κόκκινο σπίτι", "κόκκινο-σπίτι"), ("straße", "straße"),
    ("e\u{301}toile", "etoile"), ("\u{202E}abc\u{1B}[2J", "abc-2j"), ("a/../b\u{2215}c", "a-b-c"),
    (String(repeating: "家", count: 300), String(repeating: "家", count: 33)),
    (
      String(repeating: "家/", count: 10) + String(repeating: "😀", count: 300),
      [String](repeating: "家", count: 10).joined(separator: "-")
    ),
    ("x" + String(repeating: "\u{301}", count: 50_000), "x"),
    ("one two three four five six seven eight nine ten eleven", "one-two-three-four-five-six-seven-eight-nine-ten"),
  ])
  func slugs(_ prompt: String, _ slug: String) {
    #expect(PictureName.slug(prompt) == slug)
    #expect(PictureName.slug(prompt).utf8.count <= PictureName.slugBytes)
  }

  @Test func standardNames() {
    #expect(PictureName.standard(slug: "a-red-house", seed: 42) == "a-red-house-42")
  }

  @Test func everySettingChangesAListedName() {
    let base = GenerationRequest(prompt: "a")
    func name(_ change: (inout GenerationRequest) -> Void = { _ in }, seed: UInt64 = 1, model: String = "m") -> String {
      var request = base
      change(&request)
      return PictureName.listed(
        slug: PictureName.slug(request.prompt), request: request, seed: seed, model: model)
    }
    #expect(name().wholeMatch(of: /a-1-[0-9a-f]{8}/) != nil)
    #expect(name() == name())
    let names = [
      name(), name({ $0.prompt = "a!" }), name({ $0.negativePrompt = "n" }),
      name({ $0.size = Size(width: 64, height: 512) }),
      name({ $0.steps = 3 }), name({ $0.guidanceScale = 2 }), name({ $0.sampler = .ddim }),
      name({ $0.schedule = .karras }), name({ $0.randomSource = .cuda }), name(seed: 2), name(model: "other"),
    ]
    #expect(Set(names).count == names.count)
  }

  @Test func batchesCountSeedsUp() throws {
    var request = GenerationRequest(prompt: "a house")
    request.seed = .max
    request.count = 2
    let jobs = try Array(PictureJob.jobs(request, name: nil))
    #expect(jobs.map(\.seed) == [.max, 0])
    #expect(jobs.map(\.request.count) == [1, 1])
    #expect(jobs.map(\.path.text) == ["a-house-18446744073709551615.png", "a-house-0.png"])
    #expect(try PictureJob.jobs(request, name: "x.png").map(\.path.text) == ["x.png", "x.png"])
  }

  private func jobs(_ text: String, _ seed: PromptFileEntry.Seed? = nil) throws -> [PictureJob] {
    try PromptFile(Data(text.utf8)).entries.flatMap {
      try Array(PictureJob.jobs($0, $0.applied(to: GenerationRequest(prompt: "")), seed: seed, model: "m"))
    }
  }

  @Test func seedsOfAPromptFile() throws {
    let text = "a\nb --seed 9\nc --count 2\nbad --steps\nd --output e --count 2\na\nc --count 2"
    #expect(try jobs(text, .fixed(100)).map(\.seed) == [100, 9, 100, 101, 100, 101, 101, 102, 103])
    #expect(try jobs(text).first?.seed == PromptFile(Data(text.utf8)).entries.first?.derivedSeed)
    #expect(try jobs(text).map(\.line) == [1, 2, 3, 3, 5, 5, 6, 7, 7])
    #expect(try jobs(text)[4...5].map(\.path.text) == ["e.png", "e-2.png"])
  }

  @Test(arguments: [nil, .fixed(7)] as [PromptFileEntry.Seed?])
  func aLineIsKnownByWhatItSays(_ seed: PromptFileEntry.Seed?) throws {
    let lines = ["a", "b --seed 9", "c --count 3", "a", "d --output e"]
    let names = Set(try jobs(lines.joined(separator: "\n"), seed).map(\.path.text))
    #expect(names.count == 7)
    let moved = "# a comment\n\nnew\n" + lines.reversed().joined(separator: "\r\n") + "\nlast"
    #expect(names.isSubset(of: try jobs(moved, seed).map(\.path.text)))
  }

  @Test func jobsAreMadeOneAfterAnother() throws {
    // Three hundred lines of the most pictures there can be: made at once, they would take gigabytes.
    let file = PromptFile(Data(String(repeating: "a --count 100000\n", count: 300).utf8))
    var first: [String] = []
    for entry in file.entries {
      let jobs = PictureJob.jobs(
        entry, try entry.applied(to: GenerationRequest(prompt: "")), seed: nil, model: "m")
      first += jobs.prefix(1).map(\.path.text)
    }
    #expect(Set(first).count == 300)
  }
}

@Suite struct OutputPlaceTests {
  private func withFolder(_ body: (String) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: "place-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try Data().write(to: URL(filePath: folder + "/file.png"))
    try body(folder)
  }

  @Test func onePicture() throws {
    try withFolder { folder in
      let places: [(String?, OutputPlace)] = [
        (nil, .folder("")), (folder, .folder(folder)), (folder + "/new/", .folder(folder + "/new/")),
        (folder + "/a.PNG", .file(folder: folder + "/", name: "a.PNG")),
        (folder + "/v1.5", .file(folder: folder + "/", name: "v1.5.png")),
        (folder + "/a.Jpeg", .file(folder: folder + "/", name: "a.Jpeg")),
        (folder + "/a.webp", .file(folder: folder + "/", name: "a.webp")),
        ("/dev/null", .stream("/dev/null")), ("/dev/full", .stream("/dev/full")),
        (folder + "/new/a", .file(folder: folder + "/new/", name: "a.png")),
        (folder + "/file.png", .file(folder: folder + "/", name: "file.png")),
      ]
      for (output, expected) in places {
        let place = try OutputPlace(output, severalPictures: false)
        #expect(place == expected)
      }
    }
  }

  @Test(arguments: FileFormat.allCases)
  func theFormatEndsNamesThatSayNone(_ format: FileFormat) throws {
    try withFolder { folder in
      let place = try OutputPlace(folder + "/v1.5", severalPictures: false, format: format)
      #expect(place == .file(folder: folder + "/", name: "v1.5.\(format.rawValue)"))
      let own = try OutputPlace(folder + "/a.PNG", severalPictures: false, format: format)
      #expect(own == .file(folder: folder + "/", name: "a.PNG"))
    }
    let jobs = try PictureJob.jobs(GenerationRequest(prompt: "a"), name: nil, format: format)
    #expect(jobs.allSatisfy { $0.path.text.hasSuffix(".\(format.rawValue)") })
  }

  @Test func severalPictures() throws {
    try withFolder { folder in
      let place = try OutputPlace(folder + "/new", severalPictures: true)
      #expect(place == .folder(folder + "/new"))
      #expect(OutputPlace.join("a", "b") == "a/b")
      #expect(OutputPlace.join("a/", "b") == "a/b")
      #expect(OutputPlace.join("", "b") == "b")
    }
  }

  @Test(arguments: [
    ("/a.gif", false), ("/a.SVG", false), ("/a.png", true), ("/a.webp", true), ("/b.JPG", true), ("/file.png", true),
    ("/file.png/b", false), ("/file.png/", false),
    ("/" + String(repeating: "x", count: 252), false), ("/" + String(repeating: "é", count: 130) + ".png", false),
    ("/a\u{1B}[2J", false),
  ])
  func whatIsNoPlace(_ name: String, _ several: Bool) throws {
    try withFolder { folder in
      let failure = #expect(throws: CommandFailure.self) { try OutputPlace(folder + name, severalPictures: several) }
      #expect(failure?.status == 2)
      #expect(failure?.message?.contains("--output") == true)
    }
  }
}
