/// A drawing of panels side by side under a heading and a legend.
///
/// It brings its own background, light or dark as the reader prefers, so that it is readable on any page, and names
/// only generic fonts.
struct ChartDocument {
  let title: String
  let subtitle: String
  let panels: [ChartPanel]

  private static let panelWidth = 360.0
  private static let panelHeight = 300.0
  private static let margin = 92.0

  var svg: String {
    let width = Double(panels.count) * (Self.panelWidth + Self.margin) + 32
    let height = 510.0
    let size = "\(Int(width)) \(Int(height))"
    var elements = [
      "<rect width=\"100%\" height=\"100%\" rx=\"8\" class=\"background\"/>",
      SVG.text(title, x: 28, y: 38, class: "heading"), SVG.text(subtitle, x: 28, y: 60, class: "label"),
    ]
    elements += legend(y: 84)
    for (index, panel) in panels.enumerated() {
      elements += panel.elements(
        x: Self.margin + Double(index) * (Self.panelWidth + Self.margin), y: 150, width: Self.panelWidth,
        height: Self.panelHeight)
    }
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(size)" width="\(Int(width))" height="\(Int(height))" \
      role="img" aria-label="\(SVG.escaped(title))">
      <style>
      \(Self.style)
      </style>
      \(elements.joined(separator: "\n"))
      </svg>

      """
  }

  /// One entry for each line of the first panel, which all panels share.
  private func legend(y: Double) -> [String] {
    var x = 28.0
    return (panels.first?.series ?? []).flatMap { series in
      defer { x += 48 + 8 * Double(series.name.count) + 16 }
      return [
        SVG.line(x, y - 4, x + 32, y - 4, class: series.strokeClass),
        SVG.circle(x + 16, y - 4, radius: 3.5, class: "dot \(series.colour.rawValue)"),
        SVG.text(series.name, x: x + 40, y: y, class: "label"),
      ]
    }
  }

  private static let style = """
    svg { --paper: #ffffff; --ink: #1f2328; --soft: #59636e; --grid: #d1d9e0; --faint: #edf0f3; \
    --first: #0969da; --second: #bc4c00; }
    @media (prefers-color-scheme: dark) { svg { --paper: #0d1117; --ink: #e6edf3; --soft: #9198a1; \
    --grid: #30363d; --faint: #1b2129; --first: #58a6ff; --second: #f0883e; } }
    text { font-family: system-ui, -apple-system, "Segoe UI", sans-serif; fill: var(--ink); }
    .background { fill: var(--paper); }
    .heading { font-size: 18px; font-weight: 600; }
    .title { font-size: 14px; font-weight: 600; }
    .label { font-size: 12px; fill: var(--soft); }
    .grid { stroke: var(--grid); } .minor { stroke: var(--faint); } .axis { stroke: var(--soft); }
    .stroke { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
    .dashed { stroke-dasharray: 5 4; }
    .stroke.first { stroke: var(--first); } .stroke.second { stroke: var(--second); }
    .dot { stroke: var(--paper); stroke-width: 1; }
    .dot.first { fill: var(--first); } .dot.second { fill: var(--second); }
    """
}
