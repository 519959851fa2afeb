import Logging

/// Shows the library's log on the standard error to those who ask for it (`-vv`), each entry with the time since the
/// program was started.
struct DisplayLogHandler: LogHandler {
  let display: Display
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.debug

  init(_ display: Display) { self.display = display }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let values = metadata.merging(event.metadata ?? [:]) { _, new in new }
    let words = values.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
    let time = "at \(ProcessAge.milliseconds) ms"
    display.log(([event.message.description] + words + [time]).joined(separator: ", "))
  }
}
