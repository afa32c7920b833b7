/// What a lane's register can hold.
protocol LaneValue {
  /// From the register file, where a row begins.
  static func read(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) -> Self
  func write(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int)
}

extension UInt32: LaneValue {
  @inline(__always) static func read(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) -> UInt32 { row[lane] }
  @inline(__always) func write(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) { row[lane] = self }
}

extension Int32: LaneValue {
  @inline(__always) static func read(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) -> Int32 {
    Int32(bitPattern: row[lane])
  }
  @inline(__always) func write(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) {
    row[lane] = UInt32(bitPattern: self)
  }
}

extension UInt16: LaneValue {
  @inline(__always) static func read(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) -> UInt16 {
    UInt16(truncatingIfNeeded: row[lane])
  }
  @inline(__always) func write(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) { row[lane] = UInt32(self) }
}

extension Int16: LaneValue {
  @inline(__always) static func read(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) -> Int16 {
    Int16(truncatingIfNeeded: row[lane])
  }
  @inline(__always) func write(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) {
    row[lane] = UInt32(UInt16(bitPattern: self))
  }
}

extension UInt64: LaneValue {
  @inline(__always) static func read(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) -> UInt64 {
    UnsafeRawPointer(row).load(fromByteOffset: lane * 8, as: UInt64.self)
  }
  @inline(__always) func write(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) {
    UnsafeMutableRawPointer(row).storeBytes(of: self, toByteOffset: lane * 8, as: UInt64.self)
  }
}

extension Int64: LaneValue {
  @inline(__always) static func read(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) -> Int64 {
    Int64(bitPattern: UInt64.read(row, lane))
  }
  @inline(__always) func write(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) {
    UInt64(bitPattern: self).write(row, lane)
  }
}

extension Float: LaneValue {
  @inline(__always) static func read(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) -> Float {
    Float(bitPattern: row[lane])
  }
  @inline(__always) func write(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) { row[lane] = bitPattern }
}

extension Double: LaneValue {
  @inline(__always) static func read(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) -> Double {
    Double(bitPattern: UInt64.read(row, lane))
  }
  @inline(__always) func write(_ row: UnsafeMutablePointer<UInt32>, _ lane: Int) { bitPattern.write(row, lane) }
}
