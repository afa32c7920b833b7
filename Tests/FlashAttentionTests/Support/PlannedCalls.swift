import ReferenceAttention

@testable import FlashAttention

extension AttentionInputs {
  var descriptor: AttentionDescriptor {
    get throws {
      try AttentionDescriptor(
        shape: attentionCase.shape, elementType: Element.attentionElementType, scale: attentionCase.scale,
        softcap: attentionCase.softcap, mask: attentionCase.mask, hasBooleanMask: booleanMask != nil,
        biasType: bias?.elementType)
    }
  }

  func attend(_ plan: AttentionPlan) throws -> AttentionResult<Element> {
    try plan.attend(queries: queries, keys: keys, values: values, booleanMask: booleanMask, bias: bias)
  }

  func attend(_ plan: AttentionPlan, into result: inout AttentionResult<Element>) throws {
    try plan.attend(
      queries: queries, keys: keys, values: values, booleanMask: booleanMask, bias: bias, into: &result)
  }

  func differentiate(
    _ plan: AttentionPlan, after forward: AttentionResult<Element>
  ) throws -> AttentionGradients<Element> {
    try plan.differentiate(
      queries: queries, keys: keys, values: values, outputGradient: outputGradient, forward: forward,
      booleanMask: booleanMask, bias: bias, biasGradient: bias != nil && plan.backend != .standard)
  }

  func differentiate(
    _ plan: AttentionPlan, after forward: AttentionResult<Element>, into gradients: inout AttentionGradients<Element>
  ) throws {
    try plan.differentiate(
      queries: queries, keys: keys, values: values, outputGradient: outputGradient, forward: forward,
      booleanMask: booleanMask, bias: bias, biasGradient: bias != nil && plan.backend != .standard, into: &gradients)
  }
}

extension AttentionResult {
  /// Overwrites all elements with NaN, in place.
  mutating func litter() {
    output.fill(.nan)
    logSumExp.fill(.nan)
  }

  func isIdentical(to other: AttentionResult) -> Bool {
    ErrorMeasure.areIdentical(output.doubles, other.output.doubles)
      && ErrorMeasure.areIdentical(logSumExp.doubles, other.logSumExp.doubles)
  }
}

extension AttentionGradients {
  /// Overwrites all elements with NaN, in place.
  mutating func litter() {
    queries.fill(.nan)
    keys.fill(.nan)
    values.fill(.nan)
    bias?.fill(.nan)
  }

  func isIdentical(to other: AttentionGradients) -> Bool {
    ErrorMeasure.areIdentical(queries.doubles, other.queries.doubles)
      && ErrorMeasure.areIdentical(keys.doubles, other.keys.doubles)
      && ErrorMeasure.areIdentical(values.doubles, other.values.doubles)
      && ErrorMeasure.areIdentical(bias?.doubles ?? [], other.bias?.doubles ?? [])
  }
}

extension Tensor {
  fileprivate mutating func fill(_ value: Element) {
    withMutableSpan { span in
      for index in span.indices { span[index] = value }
    }
  }
}
