import KernelIntrinsics

#if ISA_AMX
  extension MatrixUnitProduct {
    /// Computes two rows of tiles, three tiles wide, from zero, and on the way the softmax of other scores.
    ///
    /// A product of 16 terms keeps the unit busy for about as long as the vector units need for four vectors of exponentials.
    /// Two passes, one after the other, would leave each of them idle half of the time, because a processor looks ahead
    /// only so far.
    ///
    /// - Parameters:
    ///   - softmax: What the other scores belong to.
    ///   - scores: 32 rows of scores, one lane group wide.
    ///   - factor: What puts them in base 2.
    ///   - probabilities: Where they go in their format.
    /// - Returns: Whether that was possible. Where the maxima have to rise first, nothing has been computed.
    @inline(never)
    func run<Format: ProbabilityFormat>(
      interleaving softmax: OnlineSoftmax, scores: UnsafePointer<Float>, factor: Float,
      into probabilities: UnsafeMutablePointer<Float>, as format: Format.Type
    ) -> Bool {
      let factor = Vector(repeating: factor)
      var idle = NoInterleaving()
      for tile in 0..<6 { kernel_zero_tile(Int32(tile)) }
      prefetch?.pointee.fetch(tiles: 2)
      // The unit has something to do before the scores are looked at, which may have been its last results.
      var rowScalars = scalars
      var termVectors = vectors
      addTerms(rowScalars, termVectors, to: Zero.self, Three.self, storing: nil, of: Three.self, interleaving: &idle)
      if !softmax.holds(for: scores, factor: factor, as: format) { return false }

      var steps = InterleavedSoftmax<Format>(
        softmax, scores: scores, factor: factor, into: probabilities,
        during: (2 * depth / laneCount - 1) * Parts.value * Parts.value)
      var term = laneCount
      while term < depth {
        rowScalars += laneCount
        termVectors += laneCount * vectorStride
        addTerms(rowScalars, termVectors, to: Zero.self, Three.self, storing: nil, of: Three.self, interleaving: &steps)
        term += laneCount
      }
      prefetch?.pointee.fetch(tiles: 2)
      rowScalars = scalars + laneCount * scalarStride
      termVectors = vectors
      addTerms(
        rowScalars, termVectors, to: Three.self, Three.self, storing: destination, of: Zero.self, interleaving: &steps)
      term = laneCount
      while term < depth {
        rowScalars += laneCount
        termVectors += laneCount * vectorStride
        addTerms(rowScalars, termVectors, to: Three.self, Three.self, storing: nil, of: Zero.self, interleaving: &steps)
        term += laneCount
      }
      store(destination + laneCount * destinationStride, Three.self, Three.self)
      steps.finish(softmax)
      return true
    }
  }
#endif
