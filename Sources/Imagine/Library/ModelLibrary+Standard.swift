public import Foundation

extension ModelLibrary {
  /// The folders that the environment names: those of `IMAGINE_MODELS`, with colons between them; `imagine/models` in the user's data
  /// (`XDG_DATA_HOME`, else `~/.local/share`); and Hugging Face's cache (`HF_HUB_CACHE`, `HF_HOME`, else `~/.cache/huggingface`).
  public static func standard(
    environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> ModelLibrary {
    standard(environment: environment, configured: [])
  }

  /// The same, with folders that a program was told of in another way, after those that the environment names.
  package static func standard(environment: [String: String], configured: [URL]) -> ModelLibrary {
    let named = (environment["IMAGINE_MODELS"] ?? "").split(separator: ":").map { URL(path: String($0)) }
    let usual = [home(environment: environment), hubCache(environment: environment)].compactMap { $0 }
    return ModelLibrary(folders: (named + configured + usual).map { Folder($0) })
  }

  /// Where models of one's own are kept, each in a folder with the name of its kind; nil for a user without a home.
  public static func home(environment: [String: String] = ProcessInfo.processInfo.environment) -> URL? {
    userFolder("XDG_DATA_HOME", else: ".local/share", environment)?.appending(path: "imagine/models")
  }

  /// The cache that Hugging Face's programs share; nil for a user without a home.
  public static func hubCache(environment: [String: String] = ProcessInfo.processInfo.environment) -> URL? {
    for variable in ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"] {
      if let path = environment[variable], !path.isEmpty { return URL(path: path, environment) }
    }
    return hubHome(environment: environment)?.appending(path: "hub")
  }

  /// The folder of Hugging Face's programs, with the cache and the token.
  package static func hubHome(environment: [String: String]) -> URL? {
    if let path = environment["HF_HOME"], !path.isEmpty { return URL(path: path, environment) }
    return userFolder("XDG_CACHE_HOME", else: ".cache", environment)?.appending(path: "huggingface")
  }

  /// A folder of the user's as the XDG Base Directory Specification places it; paths that are not absolute do not count there.
  package static func userFolder(_ variable: String, else usual: String, _ environment: [String: String]) -> URL? {
    if let path = environment[variable], path.hasPrefix("/") { return URL(path: path) }
    guard let home = environment["HOME"], home.hasPrefix("/") else { return nil }
    return URL(path: home).appending(path: usual)
  }
}

extension URL {
  /// A path as it stands. `URL(filePath:)` would take a tilde for a home folder of its own finding.
  init(path: String) { self.init(filePath: path.utf8.first == UInt8(ascii: "~") ? "./" + path : path) }

  /// A path that other programs understand, too: a tilde and a slash at its start are the user's home.
  init(path: String, _ environment: [String: String]) {
    guard path.hasPrefix("~/"), let home = environment["HOME"], !home.isEmpty else {
      self.init(path: path)
      return
    }
    self.init(path: home + path.dropFirst())
  }
}
