/// Scores and their exponentials are in base 2, which is the machine's own.
enum Logarithms {
  static let log2OfE: Float = 1.442_695_04
  static let naturalOfTwo: Float = 0.693_147_18
}
