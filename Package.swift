// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
  .enableUpcomingFeature("ExistentialAny"),
  .enableUpcomingFeature("MemberImportVisibility"),
  .enableUpcomingFeature("InternalImportsByDefault"),
]

/// A Swift target with the settings every target of this package shares.
func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

let package = Package(
  name: "imagine",
  platforms: [.macOS(.v15)],
  products: [
    .library(name: "Imagine", targets: ["Imagine"]),
    .library(name: "ImagineHub", targets: ["ImagineHub"]),
    .executable(name: "imagine", targets: ["ImagineCommand"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
  ],
  targets: [
    // Foundations: nothing here knows a model.
    module("ImagineGraph"),
    module("ImagineSampling"),
    module("ImagineText", ["CVocabulary"]),
    module("ImagineFiles"),
    module("ImagineImage", ["CPNGCodec", "CJPEGCodec", "CWebPCodec", "ImagineFiles"]),
    module("ImagineCheckpoint", ["ImagineGraph", "ImagineFiles"]),
    module("ImagineDemoModel", ["CDemoModel"]),

    // Models are written on symbolic tensors; backends run them. Neither sees the other.
    module("ImagineModels", ["ImagineGraph", "ImagineCheckpoint"]),
    module("ImagineAdapters", ["ImagineGraph", "ImagineCheckpoint", "CKernels"]),
    module("ImagineReference", ["ImagineGraph"]),
    module("ImagineCPU", ["ImagineGraph", "CKernels"]),
    module("ImagineVulkan", ["ImagineGraph", "CVulkan", "CShaders"]),

    // What runs models on devices, whichever they are.
    module(
      "ImagineEngine",
      [
        "ImagineModels", "ImagineAdapters", "ImagineSampling", "ImagineCheckpoint", "ImagineText", "ImagineCPU",
        "ImagineVulkan", "ImagineImage", "ImagineDemoModel", "ImagineGraph",
        .product(name: "Logging", package: "swift-log"),
      ]),

    // The library, which is the public API and nothing else; what fetches models; measuring; the command.
    module(
      "Imagine",
      [
        "ImagineEngine", "ImagineModels", "ImagineAdapters", "ImagineSampling", "ImagineCheckpoint", "ImagineCPU",
        "ImagineVulkan", "ImagineText", "ImagineImage", "ImagineFiles", "ImagineGraph", "CSHA256",
        .product(name: "Logging", package: "swift-log"),
      ]),
    module("ImagineHub", ["Imagine", "ImagineCheckpoint", "ImagineFiles", "CCurl"]),
    module(
      "ImagineBenchmark",
      ["Imagine", "ImagineEngine", "ImagineGraph", "ImagineModels", "ImagineCPU", "ImagineVulkan", "ImagineTesting"]),
    .executableTarget(
      name: "ImagineCommand",
      dependencies: [
        "Imagine", "ImagineHub", "ImagineBenchmark", "ImagineFiles", "ImagineImage",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
        .product(name: "Logging", package: "swift-log"),
      ],
      swiftSettings: swiftSettings),

    .executableTarget(
      name: "RenderWithProgress", dependencies: ["Imagine"], path: "Samples/RenderWithProgress",
      swiftSettings: swiftSettings),

    // C: system libraries, SIMD kernels, embedded data.
    .systemLibrary(name: "CPNG", pkgConfig: "libpng", providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CJPEG", pkgConfig: "libjpeg", providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
    .systemLibrary(name: "CWebP", pkgConfig: "libwebp", providers: [.apt(["libwebp-dev"]), .brew(["webp"])]),
    .target(name: "CPNGCodec", dependencies: ["CPNG"]),
    .target(name: "CJPEGCodec", dependencies: ["CJPEG"]),
    .target(name: "CWebPCodec", dependencies: ["CWebP"]),
    .target(name: "CKernels"),
    .target(name: "CSHA256"),
    .target(name: "CCurl"),
    .target(name: "CVulkan"),
    .target(name: "CShaders"),
    .target(name: "CVocabulary", exclude: ["merges.txt", "NOTICE"]),
    .target(name: "CDemoModel", exclude: ["demo.safetensors"]),

    // What a backend is tested and timed with, in the tests and by the command; the library goes without.
    module("ImagineTesting", ["ImagineGraph", "ImagineReference"]),

    // Tests.
    module("ImagineGoldens", ["ImagineGraph", "ImagineCheckpoint", "ImagineModels"]),
    tests("ImagineGraphTests", ["ImagineGraph", "ImagineTesting"]),
    tests("ImagineSamplingTests", ["ImagineSampling", "ImagineGoldens", "ImagineCheckpoint", "ImagineGraph"]),
    tests("ImagineTextTests", ["ImagineText"]),
    tests("ImagineFilesTests", ["ImagineFiles"]),
    tests("ImagineImageTests", ["ImagineImage", "ImagineFiles"]),
    tests("ImagineCheckpointTests", ["ImagineCheckpoint"]),
    tests(
      "ImagineBackendTests",
      [
        "ImagineReference", "ImagineCPU", "ImagineVulkan", "ImagineTesting", "ImagineGraph", "CKernels", "CVulkan",
      ]),
    tests(
      "ImagineModelsTests",
      [
        "ImagineModels", "ImagineCheckpoint", "ImagineGraph", "ImagineCPU", "ImagineReference", "ImagineTesting",
        "ImagineGoldens",
      ]),
    tests(
      "ImagineAdaptersTests",
      ["ImagineAdapters", "ImagineCheckpoint", "ImagineModels", "ImagineGraph", "ImagineGoldens", "CKernels"]),
    .target(
      name: "ImagineEngineTesting", dependencies: ["ImagineGraph", "ImagineCheckpoint", "ImagineGoldens"],
      path: "Tests/ImagineEngineTesting", swiftSettings: swiftSettings),
    tests(
      "ImagineEngineTests",
      [
        "ImagineEngine", "ImagineEngineTesting", "ImagineCPU", "ImagineVulkan", "ImagineModels", "ImagineSampling",
        "ImagineCheckpoint", "ImagineImage", "ImagineText", "ImagineGraph", "ImagineGoldens", "ImagineTesting",
      ]),
    tests(
      "ImagineTests",
      [
        "Imagine", "ImagineEngine", "ImagineEngineTesting", "ImagineCPU", "ImagineVulkan", "ImagineModels",
        "ImagineCheckpoint", "ImagineImage", "ImagineGraph", "ImagineGoldens", "ImagineTesting", "CSHA256",
      ]),
    .target(
      name: "ImagineHubTesting", dependencies: ["Imagine"], path: "Tests/ImagineHubTesting",
      swiftSettings: swiftSettings),
    tests("ImagineHubTests", ["ImagineHub", "ImagineHubTesting", "Imagine", "ImagineFiles", "ImagineCheckpoint"]),
    tests(
      "ImagineFuzzTests",
      [
        "Imagine", "ImagineCommand", "ImagineModels", "ImagineAdapters", "ImagineCheckpoint", "ImagineImage",
        "ImagineText",
        "ImagineGraph", "ImagineGoldens", "ImagineTesting",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    tests(
      "ImagineBenchmarkTests",
      ["ImagineBenchmark", "Imagine", "ImagineEngine", "ImagineGraph", "ImagineModels", "ImagineCPU", "ImagineTesting"]),
    tests(
      "ImagineCommandTests",
      [
        "ImagineCommand", "ImagineHub", "ImagineHubTesting", "ImagineBenchmark", "Imagine", "ImagineFiles",
        "ImagineImage", "ImagineCheckpoint",
        "ImagineGraph", "ImagineGoldens", "ImagineTesting",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
  ],
  swiftLanguageModes: [.v6]
)
