import Foundation
import Imagine
import ImagineGoldens
import ImagineHubTesting
import Testing

@testable import ImagineCommand
@testable import ImagineHub

/// Models at hand: fetched, listed, shown, imported, removed, checked, and drawn with by their names.
@Suite(.timeLimit(.minutes(3)), .enabled(if: Program.url != nil)) struct LibraryTests {
  /// Where one's own models, the cache and the configuration of a test are.
  private func environment(_ program: Program, _ more: [String: String] = [:]) -> [String: String] {
    let own = [
      "IMAGINE_MODEL": "", "XDG_DATA_HOME": program.url("data").path, "XDG_CONFIG_HOME": program.url("config").path,
      "HF_HOME": program.url("hf").path,
    ]
    return own.merging(more) { $1 }
  }

  private func write(_ text: String, to url: URL) throws {
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  private static let drawing = ["a red house", "-s", "1", "--steps", "2", "--device", "cpu", "--no-metadata"]

  /// All files of a folder, as a repository.
  private func repository(of folder: URL) throws -> TestRepository {
    var files: [String: [UInt8]] = [:]
    for path in try FileManager.default.subpathsOfDirectory(atPath: folder.path) {
      if let data = FileManager.default.contents(atPath: folder.appending(path: path).path), !data.isEmpty {
        files[path] = Array(data)
      }
    }
    return TestRepository(files)
  }

  @Test("A model that a stumbling server gave is drawn with by its name, as from its own file")
  func pulledAndDrawn() throws {
    try Program.inFolder { program in
      let model = try FamilyModel("sd1")
      try FileManager.default.createDirectory(at: program.url("source"), withIntermediateDirectories: true)
      try model.writeFolder(to: program.url("source"))
      let repository = try repository(of: program.url("source"))
      let server = try HostileServer { request, connection in
        // Half of each large file at a time.
        guard let bytes = repository.file(request.path), bytes.count > 10_000, request.start == nil else {
          return repository.answer(request, connection)
        }
        connection.answer("200 OK", Array(bytes[..<(bytes.count / 2)]), length: bytes.count)
      }
      let environment = environment(
        program, ["HF_ENDPOINT": server.url("").absoluteString, "HF_HUB_OFFLINE": ""])
      let dry = try program.run(["pull", "tiny/painter", "--dry-run"], environment: environment)
      #expect(dry.status == 0 && dry.output.isEmpty && dry.messages.contains("licence openrail"), "\(dry.messages)")
      #expect(!FileManager.default.fileExists(atPath: program.url("hf").path))
      let pulled = try program.run(["pull", "tiny/painter"], environment: environment)
      #expect(pulled.status == 0, "\(pulled.messages)")
      #expect(pulled.output == program.url("hf/hub/models--tiny--painter").path + "\n")
      for words in ["tiny/painter: ", "licence openrail", "free in", "Stable Diffusion 1", "-m painter"] {
        #expect(pulled.messages.contains(words), "\(pulled.messages)")
      }
      var pictures: [Data] = []
      for name in ["painter", "tiny/painter", "pain", program.url("source").path] {
        let file = "\(pictures.count).png"
        let drawn = try program.run(Self.drawing + ["-m", name, "-o", file], environment: environment)
        #expect(drawn.status == 0, "\(name): \(drawn.messages)")
        pictures.append(try Data(contentsOf: program.url(file)))
      }
      #expect(Set(pictures).count == 1)

      let verified = try program.run(["verify", "painter"], environment: environment)
      #expect(verified.status == 0 && verified.output.contains("intact") && !verified.output.contains("damaged"))
      let blobs = program.url("hf/hub/models--tiny--painter/blobs")
      let large = try #require(
        try FileManager.default.contentsOfDirectory(atPath: blobs.path).first { $0.utf8.count == 64 })
      try Data("damaged".utf8).write(to: blobs.appending(path: large))
      let damaged = try program.run(["verify", "painter"], environment: environment)
      #expect(damaged.status == 1 && damaged.output.contains("damaged"), "\(damaged.output)")
      let kept = try program.run(["rm", "painter", "-y"], environment: environment)
      #expect(kept.status == 2 && kept.messages.contains("other programs"), "\(kept.messages)")
    }
  }

  @Test("A fetch that is interrupted says what is kept, and goes on") func interrupted() throws {
    try Program.inFolder { program in
      try FamilyModel("sd1").writeFile(to: program.url("small.safetensors"))
      let bytes = Array(try Data(contentsOf: program.url("small.safetensors")))
      let repository = TestRepository(["small.safetensors": bytes])
      let server = try HostileServer { request, connection in
        guard repository.file(request.path) != nil, request.start == nil else {
          return repository.answer(request, connection)
        }
        connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\n\r\n")
        connection.send(Array(bytes[..<20_000]))
        sleep(3)
      }
      let environment = environment(program, ["HF_ENDPOINT": server.url("").absoluteString, "HF_HUB_OFFLINE": ""])
      let process = try program.process(["pull", "a/b"])
      process.environment?.merge(environment) { $1 }
      let messages = Pipe()
      process.standardError = messages
      process.standardOutput = FileHandle.nullDevice
      try process.run()
      let blobs = program.url("hf/hub/models--a--b/blobs")
      while process.isRunning, server.requests.count < 2 { usleep(2000) }
      usleep(300_000)
      process.interrupt()
      process.waitUntilExit()
      let text = String(decoding: try messages.fileHandleForReading.readToEnd() ?? Data(), as: UTF8.self)
      #expect(process.terminationStatus == 130 && text.contains("is kept"), "\(text)")
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: blobs.path).map { $0.hasSuffix(".incomplete") } == [true])
      let again = try program.run(["pull", "a/b"], environment: environment)
      #expect(again.status == 0 && again.messages.contains("are here already"), "\(again.messages)")
      #expect(server.requests.last?.start == 20_000)
    }
  }

  @Test("Models are imported, listed, shown, found by any part of a name, checked and removed")
  func collection() throws {
    try Program.inFolder { program in
      let environment = environment(program)
      func run(_ arguments: [String], status: Int32 = 0) throws -> Program.Result {
        let result = try program.run(arguments, environment: environment)
        #expect(result.status == status, "\(arguments): \(result.messages)")
        return result
      }
      #expect(try run(["list"]).messages.contains("There are no models in"))
      try FamilyModel("sd1").writeFile(to: program.url("dream_v1.safetensors"))
      try FamilyModel("sd2").writeFile(to: program.url("dream_v2.safetensors"))
      try program.writeZeros([("lora_unet_x.lora_down.weight", [4, 8])], to: "style.safetensors")
      let imported = try run(["import", "dream_v1.safetensors", "style.safetensors"])
      let place = program.url("data/imagine/models/checkpoint/dream_v1.safetensors")
      #expect(imported.output.hasPrefix(place.path + "\n") && imported.messages.contains("linked"))
      #expect(try run(["import", "--copy", "dream_v2.safetensors"]).messages.contains("copied"))
      let listed = try run(["list"]).output
      for words in ["dream_v1", "dream_v2", "style", "lora", "Stable Diffusion 2", "a LoRA"] {
        #expect(listed.contains(words), "\(listed)")
      }
      for (name, width) in [("one", 768), ("two", 1024), ("large", 2048)] {
        let layer = "lora_unet_down_blocks_1_attentions_0_transformer_blocks_0_attn2_to_k.lora_down.weight"
        try program.writeZeros([(layer, [8, width])], to: "data/imagine/models/lora/for_\(name).safetensors")
      }
      let made = try run(["list", "lora"]).output.split(separator: "\n").map(String.init)
      for (name, family) in [
        ("one", "Stable Diffusion 1, rank 8"), ("two", "Stable Diffusion 2, rank 8"),
        ("large", "Stable Diffusion XL, rank 8"),
      ] {
        #expect(made.contains { $0.hasPrefix("for_\(name)") && $0.contains("a LoRA for \(family)") }, "\(made)")
      }
      let told = try run(["list", "lora", "--json"]).output
      let families = try #require(try JSONSerialization.jsonObject(with: Data(told.utf8)) as? [[String: Any]])
      #expect(
        families.compactMap { $0["family"] as? String }
          == ["Stable Diffusion XL", "Stable Diffusion 1", "Stable Diffusion 2"])
      let loras = try run(["list", "LoRAs"]).output
      #expect(loras.contains("style") && !loras.contains("dream"))
      let json = try run(["list", "checkpoints", "--fit", "--json"]).output
      let values = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [[String: Any]])
      #expect(values.count == 2)
      for value in values {
        #expect((value["pictureBytes"] as? Int ?? 0) > 0 && value["fits"] as? Bool == true)
        let count = try #require(value["parameterCount"] as? Int)
        let reckoned = try #require(value["ruleOfThumbBytes"] as? Int)
        #expect([2, 4].contains { abs(reckoned - Int(Double(count * $0) * 1.2)) <= 1 })
      }
      let shown = try run(["show", "v1"]).output
      for words in [place.path, "Stable Diffusion 1", "a picture takes", "rule of thumb"] {
        #expect(shown.contains(words), "\(shown)")
      }
      #expect(try run(["show", "dream"], status: 1).messages.contains("'dream_v1' or 'dream_v2'"))
      _ = try run(Self.drawing + ["-m", "v2", "-o", "x.png"])
      // Of what was not fetched nothing is known to compare with.
      #expect(try run(["verify", "v2"]).output.contains("nothing to compare with"))
      #expect(try run(["rm", "v2"], status: 2).messages.contains("-y"))
      #expect(try run(["rm", "v2", "-y"]).messages.contains("removed"))
      _ = try run(["rm", "v1", "-y"])
      #expect(FileManager.default.fileExists(atPath: program.url("dream_v1.safetensors").path))
      #expect(try !run(["list"]).output.contains("dream"))
      let missing = try run(Self.drawing + ["-m", "dreem"], status: 1)
      #expect(missing.messages.contains("There is no file or folder 'dreem'"))
    }
  }

  @Test("Folders of --models come first, and VAEs and refiners are found by name, too") func namedParts() throws {
    try Program.inFolder { program in
      let environment = environment(program)
      for (path, family) in [
        ("tree/models/Stable-diffusion/one", "sd1"), ("tree/models/Stable-diffusion/xl", "sdxl"),
        ("tree/models/Stable-diffusion/fine", "sdxl_refiner"),
      ] {
        let url = program.url("\(path).safetensors")
        try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        try FamilyModel(family).writeFile(to: url)
      }
      try FileManager.default.createDirectory(at: program.url("tree/models/VAE"), withIntermediateDirectories: true)
      try FamilyModel("sd1").writePart("vae", to: program.url("tree/models/VAE/clear.safetensors"))
      try write("", to: program.url("tree/webui.py"))
      for arguments in [["-m", "one", "--vae", "clear"], ["-m", "xl", "--refiner", "fine"]] {
        let result = try program.run(
          Self.drawing + arguments + ["--models", "tree", "-o", "x.png"], environment: environment)
        #expect(result.status == 0, "\(arguments): \(result.messages)")
      }
      let wrong = try program.run(
        Self.drawing + ["-m", "one", "--vae", "fine", "--models", "tree"], environment: environment)
      #expect(wrong.status == 1 && wrong.messages.contains("no VAE"), "\(wrong.messages)")
      let absent = try program.run(Self.drawing + ["--models", "nowhere"], environment: environment)
      #expect(absent.status == 2 && absent.messages.contains("There is no folder 'nowhere'"), "\(absent.messages)")
    }
  }

  // MARK: The configuration

  @Test("What the configuration says is drawn with unless the environment or the command line say otherwise")
  func configuration() throws {
    try Program.inFolder { program in
      try FileManager.default.createDirectory(at: program.url("here"), withIntermediateDirectories: true)
      try FamilyModel("sd1").writeFile(to: program.url("here/everyday.safetensors"))
      let text = """
        # every day
        model = everyday
        models = \(program.url("here").path)
        steps = 3
        size = 64x64
        negative-prompt = "fog = bad # no comment"
        low-memory = false
        """
      try write(text, to: program.url("config/imagine/config"))
      func drawn(_ more: [String], _ variables: [String: String] = [:]) throws -> String {
        let result = try program.run(
          ["a house", "-s", "1", "--device", "cpu", "-o", "x.png"] + more, environment: environment(program, variables))
        #expect(result.status == 0, "\(more): \(result.messages)")
        let settings = try program.run(["again", "x.png", "--settings"], environment: environment(program))
        try FileManager.default.removeItem(at: program.url("x.png"))
        return settings.output
      }
      let usual = try drawn([])
      for words in ["steps: 3", "everyday", "64x64", "fog = bad # no comment"] {
        #expect(usual.contains(words), "\(usual)")
      }
      #expect(try drawn(["--steps", "2"]).contains("steps: 2"))
      // What contradicts the command line gives way.
      #expect(try drawn(["--width", "72", "--height", "64"]).contains("72x64"))
      #expect(try drawn([], ["IMAGINE_MODEL": Program.model.path]).contains("tiny-sd"))
      #expect(try drawn(["-m", Program.model.path]).contains("tiny-sd"))
    }
  }

  @Test("A line of the configuration that makes no sense is named with its file and number")
  func wrongLines() throws {
    try Program.inFolder { program in
      for (text, line, words) in [
        ("steps = 3\nsiez = 64x64", 2, "is '--size' meant?"), ("\n\nsteps", 3, "no setting"),
        ("steps = many", 1, "many"),
        ("low-memory = perhaps", 1, "true or false"), ("prompt = a house", 1, "single run"),
        ("threads = 2\nthreads = 0", 2, "1 to 1024"),
        ("= 5", 1, "no setting"), ("refiner-start = 0.5", 1, "--refiner"),
      ] {
        try write(text, to: program.url("config/imagine/config"))
        let result = try program.run(["a house"], environment: environment(program))
        #expect(result.status == 2 && result.output.isEmpty, "\(text)")
        for part in ["line \(line) of the configuration", "config/imagine/config", words] {
          #expect(result.messages.contains(part), "\(text): \(result.messages)")
        }
      }
      try Data([0xFF, 0xFE]).write(to: program.url("config/imagine/config"))
      let result = try program.run(["a house"], environment: environment(program))
      #expect(result.status == 2 && result.messages.contains("cannot be read as a text"), "\(result.messages)")
    }
  }

  // MARK: Words

  @Test func progressFitsAnyTerminal() {
    let progress = HubProgress(
      file: "unet/model.safetensors", receivedBytes: 3_470_000_000, totalBytes: 6_940_000_000)
    for width in [10, 20, 40, 80, 200] {
      let line = FetchLine(style: .init(width: width)).text(progress, rate: 31_000_000)
      #expect(Columns.count(line) < width, "\(line)")
    }
    let plain = FetchLine(style: .plain).text(progress, rate: 31_000_000)
    #expect(plain == "50%  3.47 GB/6.94 GB  31 MB/s  1 min 52 s left  unet/model.safetensors")
    #expect(Wording.bytes(999) == "999 B" && Wording.bytes(34_400) == "34 kB" && Wording.bytes(1_234_567) == "1.2 MB")
  }

  @Test(arguments: [
    ("lora", ModelKind.lora), ("LoRAs", .lora), ("text-encoder", .textEncoder), ("textEncoder", .textEncoder),
    ("ControlNet", .controlNet), ("vaes", .vae),
  ])
  func kinds(_ word: String, _ kind: ModelKind) throws { #expect(try ModelKind.named(word) == kind) }
}
