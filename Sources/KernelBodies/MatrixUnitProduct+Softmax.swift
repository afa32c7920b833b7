import KernelIntrinsics

#if ISA_AMX
  extension MatrixUnitProduct {
    /// Computes two rows of tiles from zero, and on the way the softmax of other scores.
    ///
    /// A product of 16 terms keeps the unit busy for about as long as the vector units need for four vectors of
    /// exponentials. Two passes, one after the other, would leave each of them idle half of the time, because a
    /// processor looks ahead only so far.
    ///
    /// - Parameters:
    ///   - moments: When to ask for the lines of the prefetch.
    ///   - softmax: What the other scores belong to.
    ///   - scores: 32 rows of scores, one lane group wide, of which as many vectors are in use as this product has.
    ///   - factor: What puts them in base 2.
    ///   - probabilities: Where they go in their format.
    /// - Returns: False where maxima have to rise first. Then the probabilities mean nothing, and no sum has changed.
    @inline(never)
    func run<Format: ProbabilityFormat, Width: Count, Moments: FetchMoments>(
      _ width: Width.Type, _ moments: Moments.Type, interleaving softmax: OnlineSoftmax, scores: UnsafePointer<Float>,
      factor: Float, into probabilities: UnsafeMutablePointer<Float>, as format: Format.Type
    ) -> Bool {
      var steps = InterleavedSoftmax<Format, Width, Moments>(
        softmax, scores: scores, factor: Vector(repeating: factor), into: probabilities,
        during: 2 * depth / laneCount * Self.partProducts, prefetch)
      // Written out, because one function for both rows would keep the softmax in memory instead of in registers.
      for column in 0..<Width.value {
        kernel_zero_tile(Int32(column))
        if Parts.value == 1 { kernel_zero_tile(Int32(3 + column)) }
      }
      if !InterleavedSoftmax<Format, Width, Moments>.fetches { fetchRow() }
      var rowScalars = scalars
      var termVectors = vectors
      var term = 0
      repeat {
        addTerms(rowScalars, termVectors, to: Zero.self, width, storing: nil, of: Three.self, interleaving: &steps)
        rowScalars += laneCount
        termVectors += laneCount * vectorStride
        term += laneCount
      } while term < depth
      if !InterleavedSoftmax<Format, Width, Moments>.fetches { fetchRow() }
      rowScalars = scalars + laneCount * scalarStride
      termVectors = vectors
      if Parts.value > 1 {
        store(destination, width, Zero.self)
        for column in 0..<Width.value { kernel_zero_tile(Int32(column)) }
        term = 0
        repeat {
          addTerms(rowScalars, termVectors, to: Zero.self, width, storing: nil, of: Three.self, interleaving: &steps)
          rowScalars += laneCount
          termVectors += laneCount * vectorStride
          term += laneCount
        } while term < depth
        store(destination + laneCount * destinationStride, width, Zero.self)
      } else {
        addTerms(
          rowScalars, termVectors, to: Three.self, width, storing: destination, of: Zero.self, interleaving: &steps)
        term = laneCount
        while term < depth {
          rowScalars += laneCount
          termVectors += laneCount * vectorStride
          addTerms(rowScalars, termVectors, to: Three.self, width, storing: nil, of: Zero.self, interleaving: &steps)
          term += laneCount
        }
        store(destination + laneCount * destinationStride, width, Three.self)
      }
      steps.finish()
      if !steps.isWithinBounds(of: softmax) { return false }
      steps.addSums(to: softmax)
      return true
    }
  }
#endif
