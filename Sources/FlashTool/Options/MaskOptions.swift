import ArgumentParser
import FlashAttention

/// The options that say which positions see which.
struct MaskOptions: ParsableArguments {
  @Option(
    name: .customLong("mask"),
    help: ArgumentHelp(
      "Which keys a query sees: all (full), or those up to its own position (causal, causal-top-left). (default: full)",
      discussion: """
        causal: the last query stands at the last key, as with a KV cache. causal-top-left: the first query stands at \
        the first key. The two differ only where Sq and Sk differ.
        """))
  var choice: MaskChoice?

  // The next argument is the value whatever it begins with: -1,5 looks like an option.
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Narrow the mask to LEFT keys before and RIGHT keys after the query's position; -1 is unbounded. (default: none)",
      discussion: "With --mask full, the last query stands at the last key.", valueName: "left,right"),
    transform: WindowArgument.init(parsing:))
  var window: WindowArgument?

  var selection: MaskSelection { MaskSelection(choice: choice ?? .full, window: window) }

  func mask() throws -> AttentionMask { try selection.mask() }
}
