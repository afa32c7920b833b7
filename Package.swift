// swift-tools-version: 6.2
import PackageDescription

let package = Package(
  name: "swift-flash-attention",
  products: [
    .library(name: "Tensors", targets: ["Tensors"])
  ],
  targets: [
    .target(name: "Tensors"),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors"]),
  ],
  swiftLanguageModes: [.v6]
)
