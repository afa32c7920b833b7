// Parameters, loads and stores.
extension KernelBuilder {
  /// The value of a parameter.
  public func parameter<Scalar: ScalarType>(_ name: String, _ type: Scalar.Type) -> Value<Scalar> {
    precondition(
      parameters.contains(.scalar(name, type)), "the kernel has no parameter \(name) of type \(Scalar.name)")
    let result = register(Scalar.self)
    emit("ld.param.\(Scalar.name)", result.text, "[\(name)]")
    return result
  }

  /// A parameter that points to memory of the device.
  public func pointer(_ name: String) -> Pointer<Global> {
    let address = parameter(name, U64.self)
    let result = register(U64.self)
    emit("cvta.to.global.u64", result.text, address.text)
    return Pointer(result)
  }

  /// The address of a tensor's description among the parameters.
  public func tensorMap(_ name: String) -> TensorMap {
    precondition(parameters.contains(.tensorMap(name)), "the kernel has no tensor map \(name)")
    let place = register(U64.self)
    emit("mov.b64", place.text, name)
    // Copies take an address that says which memory it is in.
    let result = register(U64.self)
    emit("cvta.param.u64", result.text, place.text)
    return TensorMap(address: result)
  }

  /// Where the memory that the threads of a block share begins.
  public func sharedMemory() -> Pointer<Shared> {
    let result = register(U32.self)
    emit("mov.b32", result.text, Self.sharedMemory)
    return Pointer(result)
  }

  public func load<Scalar: ScalarType, Space: MemorySpace>(
    _ type: Scalar.Type, from pointer: Pointer<Space>
  ) -> Value<Scalar> {
    let result = register(Scalar.self)
    emit("ld.\(Space.name).\(Scalar.name)", result.text, pointer.text)
    return result
  }

  /// Two or four neighbours, which lie at a multiple of their size.
  public func load<Scalar: ScalarType, Space: MemorySpace>(
    _ type: Scalar.Type, count: Int, from pointer: Pointer<Space>
  ) -> [Value<Scalar>] {
    precondition(count == 2 || count == 4, "a vector has two or four elements")
    let results = (0..<count).map { _ in register(Scalar.self) }
    emit("ld.\(Space.name).v\(count).\(Scalar.name)", Self.list(results), pointer.text)
    return results
  }

  public func store<Scalar: ScalarType, Space: MemorySpace>(_ value: Value<Scalar>, to pointer: Pointer<Space>) {
    emit("st.\(Space.name).\(Scalar.name)", pointer.text, value.text)
  }

  /// Two or four neighbours, which lie at a multiple of their size.
  public func store<Scalar: ScalarType, Space: MemorySpace>(_ values: [Value<Scalar>], to pointer: Pointer<Space>) {
    precondition(values.count == 2 || values.count == 4, "a vector has two or four elements")
    emit("st.\(Space.name).v\(values.count).\(Scalar.name)", pointer.text, Self.list(values))
  }

  /// Adds to a number in memory as one step, and returns what was there.
  public func atomicAdd<Space: MemorySpace>(_ value: Value<U32>, to pointer: Pointer<Space>) -> Value<U32> {
    let result = register(U32.self)
    emit("atom.\(Space.name).add.u32", result.text, pointer.text, value.text)
    return result
  }

  /// Adds to a number in device memory as one step, and returns what was there. Of threads that add to the same number,
  /// each sees what those before it knew of when they added.
  public func synchronizingAdd(_ value: Value<U32>, to pointer: Pointer<Global>) -> Value<U32> {
    let result = register(U32.self)
    emit("atom.acq_rel.gpu.global.add.u32", result.text, pointer.text, value.text)
    return result
  }

  /// Adds to a number in memory as one step.
  public func reduceAdd(_ value: Value<F32>, to pointer: Pointer<Global>) {
    emit("red.global.add.f32", pointer.text, value.text)
  }

  /// The operands of a vector or a fragment.
  static func list<Scalar: ScalarType>(_ values: [Value<Scalar>]) -> String {
    "{" + values.map(\.text).joined(separator: ", ") + "}"
  }
}

/// The description of a tensor in global memory by which bulk copies find its tiles.
public struct TensorMap {
  let address: Value<U64>
}
