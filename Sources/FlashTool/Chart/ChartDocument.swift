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

  // Without CSS variables, which many renderers of SVG do not know.
  private static let style = """
    text { font-family: system-ui, -apple-system, "Segoe UI", sans-serif; fill: #1f2328; }
    .heading { font-size: 18px; font-weight: 600; }
    .title { font-size: 14px; font-weight: 600; }
    .label { font-size: 12px; fill: #59636e; }
    .background { fill: #ffffff; }
    .grid { stroke: #d1d9e0; } .minor { stroke: #edf0f3; } .axis { stroke: #59636e; }
    .stroke { fill: none; stroke-width: 2.2; stroke-linejoin: round; }
    .dashed { stroke-dasharray: 5 4; }
    .stroke.first { stroke: #0969da; } .dot.first { fill: #0969da; }
    .stroke.second { stroke: #bc4c00; } .dot.second { fill: #bc4c00; }
    @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .label { fill: #9198a1; } .background { fill: #0d1117; }
    .grid { stroke: #30363d; } .minor { stroke: #1b2129; } .axis { stroke: #9198a1; }
    .stroke.first { stroke: #58a6ff; } .dot.first { fill: #58a6ff; }
    .stroke.second { stroke: #f0883e; } .dot.second { fill: #f0883e; }
    }
    """
}
