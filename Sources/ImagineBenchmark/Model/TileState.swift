internal import Imagine
internal import ImagineCPU
internal import ImagineEngine
internal import ImagineGraph

/// How fast the processor's tile registers (AMX) were before and after a measurement, by a loop of products of random numbers
/// that stay in them.
///
/// Cores of rented machines are shared. While another tenant computes on a core's second thread, products of tiles take more
/// than twice as long, which changes from one second to the next and explains figures that differ.
package struct TileState: Sendable, Hashable, Encodable {
  /// Seconds of a product.
  package let before: Double
  package let after: Double

  package init(before: Double, after: Double) {
    self.before = before
    self.after = after
  }

  /// Products took about 7 ns on a core of one's own, and 15 to 20 on a shared one.
  private static let slowSeconds = 11e-9

  /// The longer of the two.
  package var productSeconds: Double { max(before, after) }
  package var isSlow: Bool { productSeconds > Self.slowSeconds }
}

/// What tells the state of the tile registers of the processor that is measured, if it has any.
struct TileUnit {
  private let processor: CPUBackend?

  init(_ backend: any Backend) { processor = backend as? CPUBackend }

  /// The unit of what an engine with these options computes on.
  ///
  /// - Throws: `EngineError`.
  init(_ options: Engine.Options) throws {
    // Where there are no tiles no device is opened in vain.
    processor =
      CPUFeatures.available.contains(.amxBFloat16)
      ? try OpenedDevice(options.settings).backend as? CPUBackend : nil
  }

  /// Measures with a look at the tiles before and after.
  func around<Result>(_ measure: () throws -> Result) rethrows -> (result: Result, tiles: TileState?) {
    let before = productSeconds
    return (try measure(), state(since: before))
  }

  /// At this moment.
  var productSeconds: Double? { processor?.tileProductSeconds() }

  /// - Parameter before: `productSeconds` before what is measured.
  func state(since before: Double?) -> TileState? {
    guard let before, let after = productSeconds else { return nil }
    return TileState(before: before, after: after)
  }
}
