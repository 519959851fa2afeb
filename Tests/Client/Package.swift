// swift-tools-version: 6.2
import PackageDescription

// A program of somebody else's, with nothing of this package but the product. Every warning is an error here:
//
//     swift build --package-path Tests/Client
let package = Package(
  name: "Client",
  platforms: [.macOS(.v15)],
  dependencies: [.package(name: "imagine", path: "../..")],
  targets: [
    .executableTarget(
      name: "Client", dependencies: [.product(name: "Imagine", package: "imagine")],
      swiftSettings: [.treatAllWarnings(as: .error)])
  ],
  swiftLanguageModes: [.v6])
