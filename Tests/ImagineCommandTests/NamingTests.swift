import Foundation
import Imagine
import Testing

@testable import ImagineCommand

@Suite struct NamingTests {
  @Test(arguments: [
    ("A red house, under a YELLOW sun!", "a-red-house-under-a-yellow-sun"), ("", "picture"), ("家", "picture"),
    ("../../etc/passwd", "etc-passwd"), ("étoile à Zürich", "etoile-a-zurich"),
    ("a girl's (hat:1.2)", "a-girls-hat-1-2"),
    ("--steps", "steps"), ("a\nb\u{0}c", "a-b-c"), ("🙂 smile", "smile"), ("ﬁne ²", "fine-2"),
    (String(repeating: "x", count: 300), String(repeating: "x", count: 50)),
    ("one two three four five six seven eight nine ten eleven", "one-two-three-four-five-six-seven-eight-nine-ten"),
  ])
  func slugs(_ prompt: String, _ slug: String) {
    #expect(PictureName.slug(prompt) == slug)
    #expect(PictureName.slug(prompt).utf8.count <= PictureName.slugLength)
  }

  @Test func standardNames() {
    #expect(PictureName.standard(prompt: "a red house", seed: 42) == "a-red-house-42.png")
  }

  @Test func everySettingChangesAListedName() {
    let base = GenerationRequest(prompt: "a")
    func name(_ change: (inout GenerationRequest) -> Void = { _ in }, seed: UInt64 = 1, model: String = "m") -> String {
      var request = base
      change(&request)
      return PictureName.listed(line: 7, request: request, seed: seed, model: model)
    }
    #expect(name().wholeMatch(of: /0007-a-1-[0-9a-f]{8}\.png/) != nil)
    #expect(name() == name())
    let names = [
      name(), name({ $0.prompt = "a!" }), name({ $0.negativePrompt = "n" }), name({ $0.size.width = 64 }),
      name({ $0.steps = 3 }), name({ $0.guidanceScale = 2 }), name({ $0.sampler = .ddim }),
      name({ $0.schedule = .karras }), name({ $0.randomSource = .cuda }), name(seed: 2), name(model: "other"),
    ]
    #expect(Set(names).count == names.count)
  }

  @Test func batchesCountSeedsUp() throws {
    var request = GenerationRequest(prompt: "a house")
    request.seed = .max
    request.count = 2
    let jobs = PictureJob.jobs(request, in: .folder("out"))
    #expect(jobs.map(\.seed) == [.max, 0])
    #expect(jobs.map(\.request.count) == [1, 1])
    #expect(jobs.map(\.path) == ["out/a-house-18446744073709551615.png", "out/a-house-0.png"])
  }

  @Test func seedsOfAPromptFile() throws {
    let file = PromptFile(Data("a\nb --seed 9\nc --count 2\nbad --steps\nd --output e --count 2".utf8))
    let base = GenerationRequest(prompt: "")
    func jobs(_ seed: PromptFileEntry.Seed?) -> [PictureJob] {
      file.entries.flatMap { PictureJob.jobs($0, base: base, seed: seed, model: "m", in: "out") }
    }
    #expect(jobs(.fixed(100)).map(\.seed) == [100, 9, 102, 103, 104, 105])
    #expect(jobs(nil).map(\.path) == jobs(nil).map(\.path))
    #expect(jobs(nil).first?.seed == file.entries.first?.derivedSeed)
    #expect(jobs(nil).map(\.line) == [1, 2, 3, 3, 5, 5])
    #expect(jobs(nil).suffix(2).map(\.path) == ["out/e.png", "out/e-2.png"])
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
        (folder + "/a.PNG", .file(folder + "/a.PNG")), (folder + "/v1.5", .file(folder + "/v1.5.png")),
        (folder + "/new/a", .file(folder + "/new/a.png")), (folder + "/file.png", .file(folder + "/file.png")),
      ]
      for (output, expected) in places {
        let place = try OutputPlace(output, severalPictures: false)
        #expect(place == expected)
      }
    }
  }

  @Test func severalPictures() throws {
    try withFolder { folder in
      let place = try OutputPlace(folder + "/new", severalPictures: true)
      #expect(place == .folder(folder + "/new"))
      #expect(OutputPlace.folder("a").path(name: "b") == "a/b")
      #expect(OutputPlace.folder("a/").path(name: "b") == "a/b")
      #expect(OutputPlace.folder("").path(name: "b") == "b")
    }
  }

  @Test(arguments: [
    ("/a.jpg", false), ("/a.png", true), ("/file.png", true), ("/file.png/b", false), ("/file.png/", false),
  ])
  func whatIsNoPlace(_ name: String, _ several: Bool) throws {
    try withFolder { folder in
      let failure = #expect(throws: CommandFailure.self) { try OutputPlace(folder + name, severalPictures: several) }
      #expect(failure?.status == 2)
      #expect(failure?.message?.contains("--output") == true)
    }
  }
}
