import PTX

extension ForwardKernel {
  /// The kernel's text in a module of its own.
  public var module: Module {
    var module = Module(target: tile.target)
    module.addKernel(name, threads: tile.threads, parameters: parameters.map(\.parameter)) { builder in
      switch tile.engine {
      case .warps(let fragments): WarpForward(builder, self, fragments: fragments).write()
      case .warpgroups(let stages): WarpgroupForward(builder, self, stages: stages).write()
      }
    }
    return module
  }

  /// The shared memory that a launch asks for, in bytes.
  public var sharedBytes: Int {
    switch tile.engine {
    case .warps: WarpForward.memory(self).byteCount
    case .warpgroups(let stages): WarpgroupMemory(self, stages: stages).byteCount
    }
  }
}
