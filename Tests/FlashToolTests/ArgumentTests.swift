import FlashAttention
import Testing

@testable import FlashTool

@Suite("Option values")
struct ArgumentTests {
  @Test("a shape is seven sizes")
  func shape() throws {
    let shape = try ShapeArgument(parsing: "1,8,2,100,200,64,32").shape
    #expect(shape.sizes == [1, 8, 2, 100, 200, 64, 32])
  }

  @Test(
    "a shape that is no problem of attention is refused",
    arguments: [
      "", "1,2,3", "1,8,8,5,5,64,64,1", "1,8,3,5,5,64,64", "1,8,8,5,5,0,64", "-1,8,8,5,5,64,64", "1,8,8,5,5,64,x",
      "1, 8,8,5,5,64,64", "99999999999999999999,1,1,1,1,1,1", "1,1,1,999999999,1,1,1",
      "1,1000,1000,268435456,268435456,9,9",
    ])
  func badShape(text: String) {
    #expect(throws: (any Error).self) { try ShapeArgument(parsing: text) }
  }

  @Test("a window has two bounds, of which -1 is none")
  func window() throws {
    #expect(try WindowArgument(parsing: "-1,5").description == "-1,5")
    let window = try WindowArgument(parsing: "7,-1")
    #expect(window.left == 7)
    #expect(window.right == nil)
  }

  @Test("a window of anything else is refused", arguments: ["", "5", "1,2,3", "-2,5", "a,b", "1,", "1.5,2"])
  func badWindow(text: String) {
    #expect(throws: (any Error).self) { try WindowArgument(parsing: text) }
  }

  @Test(
    "the window counts from the diagonal of the named mask",
    arguments: [
      (MaskChoice.full, AttentionMask.Alignment.bottomRight, 3), (.causal, .bottomRight, 0),
      (.causalTopLeft, .topLeft, 0),
    ])
  func maskedWindow(choice: MaskChoice, alignment: AttentionMask.Alignment, right: Int) throws {
    let mask = try MaskSelection(choice: choice, window: WindowArgument(parsing: "2,3")).mask()
    #expect(mask.alignment == alignment)
    #expect(mask.left == 2)
    #expect(mask.right == right)
  }

  @Test(
    "operations follow the convention of the field",
    arguments: [
      Convention(direction: .forward, mask: .full, factor: 2),
      Convention(direction: .forward, mask: .causal, factor: 1),
      Convention(direction: .backward, mask: .full, factor: 5),
      Convention(direction: .forwardBackward, mask: .full, factor: 7),
    ])
  func operations(convention: Convention) throws {
    let shape = try ShapeArgument(parsing: "2,8,2,100,200,64,32").shape
    let mask = try MaskSelection(choice: convention.mask, window: nil).mask()
    let pairs: Double = 2 * 8 * 100 * 200
    #expect(convention.direction.operations(shape, mask: mask) == convention.factor * pairs * (64 + 32))
  }

  /// How often a direction and mask count each pair of a query and a key for each of its D + Dv products.
  struct Convention: Sendable {
    let direction: DirectionChoice
    let mask: MaskChoice
    let factor: Double
  }
}
