/// The allocations of a device while a kernel runs, found by address.
struct GlobalMemory {
  private let regions: [MemoryRegion]
  private let bases: [UInt64]
  private var last = 0

  init(_ regions: [MemoryRegion]) {
    self.regions = regions.sorted { $0.base < $1.base }
    bases = self.regions.map(\.base)
  }

  /// The allocation that holds some bytes.
  @inline(__always)
  mutating func region(_ address: UInt64, _ byteCount: Int) throws -> MemoryRegion {
    if last < regions.count {
      let region = regions[last]
      if address >= region.base && address - region.base + UInt64(byteCount) <= UInt64(region.byteCount) {
        return region
      }
    }
    return try find(address, byteCount)
  }

  private mutating func find(_ address: UInt64, _ byteCount: Int) throws -> MemoryRegion {
    var (low, high) = (0, bases.count)
    while low < high {
      let middle = (low + high) / 2
      if bases[middle] <= address { low = middle + 1 } else { high = middle }
    }
    if low > 0 {
      let region = regions[low - 1]
      if address - region.base + UInt64(byteCount) <= UInt64(region.byteCount) {
        last = low - 1
        return region
      }
    }
    throw Fault(.outOfBounds, "\(byteCount) bytes at \(hexadecimal(address))\(nearest(address, low))")
  }

  /// Where the address lies with respect to the allocation next to it.
  private func nearest(_ address: UInt64, _ next: Int) -> String {
    var candidates: [(distance: UInt64, text: String)] = []
    if next > 0 {
      let region = regions[next - 1]
      let offset = address - region.base
      let distance = offset > UInt64(region.byteCount) ? offset - UInt64(region.byteCount) : 0
      candidates.append(
        (distance, ", at byte \(offset) of `\(region.name)`, which has \(region.byteCount)"))
    }
    if next < regions.count {
      let distance = regions[next].base - address
      candidates.append((distance, ", \(distance) bytes before `\(regions[next].name)`"))
    }
    return candidates.min { $0.distance < $1.distance }?.text ?? ", and nothing is allocated"
  }
}
