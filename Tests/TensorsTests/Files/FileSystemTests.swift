import Glibc
import Testing

@testable import Tensors

/// Opening a file of either format.
enum Opening: CaseIterable, Sendable {
  case safetensors
  case numpy

  func callAsFunction(_ path: String) throws {
    switch self {
    case .safetensors: _ = try SafetensorsFile(path: path)
    case .numpy: _ = try NumpyFile(path: path)
    }
  }
}

@Suite("Files and the file system")
struct FileSystemTests {
  @Test("what is missing or no regular file is refused with the system's reason", arguments: Opening.allCases)
  func notAFile(open: Opening) throws {
    try TemporaryDirectory.with { directory in
      #expect(mkfifo(directory.file("pipe"), 0o600) == 0)
      _ = try directory.write([1], name: "plain")
      for (name, reason) in [
        ("missing", "No such file or directory"), ("", "Is a directory"), ("pipe", "Not a regular file"),
        ("plain/below", "Not a directory"),
      ] {
        let path = directory.file(name)
        #expect(throws: AttentionError.inputOutput(path, reason: reason)) { try open(path) }
      }
      #expect(throws: AttentionError.inputOutput("", reason: "No such file or directory")) { try open("") }
      #expect(throws: AttentionError.inputOutput("/dev/zero", reason: "Not a regular file")) { try open("/dev/zero") }
      #expect(
        throws: AttentionError.invalidArgument("path", was: #""a\u{0}b""#, expected: "a path without a NUL character")
      ) {
        try open("a\0b")
      }
    }
  }

  @Test("a file that cannot be written is refused with the system's reason and leaves nothing behind")
  func notWritable() throws {
    let tensor = try Tensor<Float>([1], shape: [1])
    try TemporaryDirectory.with { directory in
      #expect(mkdir(directory.file("folder"), 0o700) == 0)
      for (path, reason) in [
        (directory.file("missing/out"), "No such file or directory"), (directory.file("folder"), "Is a directory"),
        ("/dev/null", "Not a regular file"), ("", "No such file or directory"),
      ] {
        #expect(throws: AttentionError.inputOutput(path, reason: reason)) { try NumpyFile.write(tensor, to: path) }
        #expect(throws: AttentionError.inputOutput(path, reason: reason)) {
          try SafetensorsFile.write(["t": tensor], to: path)
        }
      }
      #expect(throws: AttentionError.self) { try NumpyFile.write(tensor, to: directory.file("a\0b")) }
      let names = try directory.names()
      #expect(names == ["folder"])
    }
  }

  @Test("a write that fails half way leaves the former file and nothing else")
  func failedWrite() throws {
    struct Failure: Error {}
    try TemporaryDirectory.with { directory in
      let path = try directory.write([1, 2, 3], name: "out")
      #expect(throws: Failure.self) {
        try AtomicFile.write(to: path) { sink in
          try sink.write([9])
          throw Failure()
        }
      }
      let names = try directory.names()
      let bytes = try directory.read(path)
      #expect(names == ["out"])
      #expect(bytes == [1, 2, 3])
    }
  }

  @Test("replacing a file leaves a mapping of the former one as it was")
  func replacement() throws {
    try TemporaryDirectory.with { directory in
      let path = directory.file("out")
      try NumpyFile.write(try Tensor<Float>([1, 2], shape: [2]), to: path)
      let former = try NumpyFile(path: path).tensor(as: Float.self)
      try NumpyFile.write(try Tensor<Float>([3], shape: [1]), to: path)
      #expect(former.scalars == [1, 2])
      #expect(try NumpyFile(path: path).tensor(as: Float.self).scalars == [3])
    }
  }

  @Test("writing through a symbolic link replaces the file and keeps the link")
  func symbolicLink() throws {
    try TemporaryDirectory.with { directory in
      let target = try directory.write([], name: "target")
      #expect(symlink("target", directory.file("link")) == 0)
      try NumpyFile.write(try Tensor<Float>([3], shape: [1]), to: directory.file("link"))
      #expect(try NumpyFile(path: target).tensor(as: Float.self).scalars == [3])
      let names = try directory.names()
      #expect(names == ["link", "target"])
    }
  }

  @Test("a new file has the permissions that the process gives new files, and a name as long as there may be")
  func permissions() throws {
    try TemporaryDirectory.with { directory in
      let path = directory.file(String(repeating: "n", count: 255))
      try NumpyFile.write(try Tensor<Float>([3], shape: [1]), to: path)
      let other = creat(directory.file("other"), 0o666)
      #expect(other >= 0)
      close(other)
      var (status, expected) = (stat(), stat())
      #expect(stat(path, &status) == 0)
      #expect(stat(directory.file("other"), &expected) == 0)
      #expect(status.st_mode == expected.st_mode)
    }
  }
}
