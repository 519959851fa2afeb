/// Running the whole denoiser only every few times, and its outer layers alone in between, with what its inner ones said last
/// (DeepCache, Ma and others 2023): quicker, and a slightly different picture.
public struct FeatureCache: Sendable, Hashable {
  /// Of so many runs one is of the whole denoiser: 2 is hardly seen, 3 a little, 5 in faces.
  public var interval: Int
  /// How many layers are run beside the outermost ones: 0 for none, which is quickest.
  public var branch: Int

  public init(interval: Int, branch: Int = 0) {
    self.interval = interval
    self.branch = branch
  }
}
