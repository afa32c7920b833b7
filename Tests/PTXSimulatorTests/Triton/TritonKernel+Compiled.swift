import Foundation

extension TritonKernel {
  private static let folder = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../../.triton/kernels").standardizedFileURL

  /// The kernels that scripts/compile-triton-kernels compiled, by name; none where it has not run.
  static let compiled: [TritonKernel] = {
    let files = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
    return files.filter { $0.pathExtension == "json" }.sorted { $0.path() < $1.path() }.map { file in
      do {
        return try JSONDecoder().decode(TritonKernel.self, from: Data(contentsOf: file))
      } catch {
        preconditionFailure("\(file.lastPathComponent): \(error)")
      }
    }
  }()

  /// The PTX that Triton wrote.
  var text: String {
    get throws { try String(contentsOf: Self.folder.appending(path: "\(name).ptx"), encoding: .utf8) }
  }
}
