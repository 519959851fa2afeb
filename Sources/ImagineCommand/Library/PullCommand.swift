import ArgumentParser
import Foundation
import Imagine
import ImagineHub

/// `imagine pull OWNER/REPOSITORY`: fetches a model.
struct PullCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull", _superCommandName: "imagine",
    abstract: "Fetch a model from Hugging Face, a mirror of it, or any address.",
    usage: "imagine pull <owner/repository>[:<file>] | <address> [options]",
    discussion: """
      Says first what comes, how large it is, its licence, and how much room there is. What was begun goes on where it was; \
      every file is checked. Of a model in several precisions the smaller one comes. Its path is printed on the standard output.

      What is on Hugging Face goes into the cache that its programs share (HF_HUB_CACHE, HF_HOME), all else into one's own \
      folder ($XDG_DATA_HOME/imagine/models, else ~/.local/share/imagine/models). HF_ENDPOINT is the address of a mirror, \
      HF_TOKEN or the token file of Hugging Face's programs says who asks, CIVITAI_TOKEN does on Civitai; no other host is \
      told. HF_HUB_OFFLINE=1 lets nothing be fetched.

      EXAMPLES:
        imagine pull stabilityai/sdxl-turbo
        imagine pull stabilityai/stable-diffusion-xl-base-1.0:sd_xl_base_1.0.safetensors
        imagine pull https://civitai.com/api/download/models/128713
      """)

  @Argument(help: ArgumentHelp("What to fetch.", valueName: "source"))
  var source: String

  @Flag(
    help:
      "Fetch pickles (.ckpt, .pt, .bin) where there are no safetensors: a format that can hold programs. None is run here."
  )
  var allowPickle = false

  @Flag(help: "Fetch weights in 32 bits where there are weights in 16, which take half the room.")
  var full = false

  @OptionGroup
  var kind: KindOption

  @Flag(help: "Say what would come, and fetch nothing.")
  var dryRun = false

  @Flag(name: .shortAndLong, help: "Say nothing but errors.")
  var quiet = false

  func validate() throws {
    if source.isEmpty { throw ValidationError("There is nothing to fetch: name a repository or an address.") }
  }

  func run() async throws {
    let source = try HubSource(source), hub = try Hub()
    if case .repository = source, kind.kind != nil {
      throw CommandFailure.usage("--kind is for files from addresses: what is in a repository says itself what it is.")
    }
    let display = Display(verbosity: quiet ? .errors : .normal), progress = FetchDisplay(isQuiet: quiet)
    defer { display.close() }
    try await Interruption.handled(telling: display) {
      do {
        let offer = try await hub.offer(source, kind: kind.kind, allowsPickle: allowPickle, prefersFull: full)
        display.note(Self.summary(offer))
        guard !dryRun else { return }
        let url = try await hub.fetch(offer) { progress.show($0) }
        progress.close()
        try StandardOutput.write(url.path(percentEncoded: false) + "\n")
        display.note(try Self.advice(url, offer.name))
      } catch let error as CancellationError {
        progress.close()
        display.note("What has come is kept: the same command goes on from there.")
        throw error
      } catch {
        progress.close()
        throw error
      }
    }
  }

  /// `stabilityai/sdxl-turbo: 13 files, 6.94 GB, licence other; 2.1 GB are here already; 120 GB are free in '...'`
  static func summary(_ offer: HubOffer) -> String {
    let size = offer.byteCount.map(Wording.bytes) ?? "of a size that the host does not tell"
    var words = "\(offer.name): \(Wording.count(offer.files.count, "file", "files")), \(size), "
    words += offer.licence.map { "licence \($0)" } ?? "no licence told"
    if let missing = offer.missingBytes, let all = offer.byteCount, missing < all {
      words += missing == 0 ? "; all of it is here already" : "; \(Wording.bytes(all - missing)) are here already"
    }
    if let free = offer.freeBytes {
      words += "; \(Wording.bytes(free)) are free in '\(offer.folder.path(percentEncoded: false))'"
    }
    return words + "."
  }

  /// What to do with what has come.
  static func advice(_ url: URL, _ name: String) throws -> String {
    let kind = ModelKind(recognising: url)
    guard kind == .checkpoint else {
      return "It is \(kind?.nameWithArticle ?? ModelReport.summary(of: url))."
    }
    let report = try ModelReport(inspecting: url)
    let short = name.split(separator: "/").last.map(String.init) ?? name
    let bare =
      [".safetensors", ".ckpt", ".gguf"].first { short.hasSuffix($0) }.map { String(short.dropLast($0.count)) } ?? short
    return "\(report.family). Draw with it: imagine \"a lighthouse at dusk\" -m \(bare)"
  }
}
