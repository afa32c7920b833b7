import FlashAttention

/// A line of a chart.
struct ChartSeries {
  /// A colour of the chart, which light and dark backgrounds have different shades of.
  enum Colour: String {
    case first
    case second
  }

  let name: String
  let colour: Colour
  let isDashed: Bool
  /// The points by rising x, all positive.
  let points: [(x: Double, y: Double)]
}

/// One plot with two logarithmic axes.
struct ChartPanel {
  let title: String
  let subtitle: String
  let xTitle: String
  let xAxis: LogAxis
  let yAxis: LogAxis
  let series: [ChartSeries]

  /// The panel as SVG elements, in a rectangle of the drawing that leaves room for titles and labels.
  func elements(x left: Double, y top: Double, width: Double, height: Double) -> [String] {
    func across(_ value: Double) -> Double { left + xAxis.position(value) * width }
    func down(_ value: Double) -> Double { top + (1 - yAxis.position(value)) * height }
    let bottom = top + height
    var elements = [
      SVG.text(title, x: left, y: top - 34, class: "title"),
      SVG.text(subtitle, x: left, y: top - 14, class: "label"),
      SVG.text(xTitle, x: left + width / 2, y: bottom + 44, class: "label", anchor: .middle),
    ]
    elements += yAxis.minorTicks.map { SVG.line(left, down($0), left + width, down($0), class: "minor") }
    for tick in yAxis.ticks {
      elements.append(SVG.line(left, down(tick), left + width, down(tick), class: "grid"))
      elements.append(SVG.text(yAxis.label(tick), x: left - 8, y: down(tick) + 4, class: "label", anchor: .end))
    }
    for tick in xAxis.ticks {
      elements.append(SVG.line(across(tick), top, across(tick), bottom, class: "grid"))
      elements.append(SVG.text(xAxis.label(tick), x: across(tick), y: bottom + 20, class: "label", anchor: .middle))
    }
    elements.append(SVG.line(left, bottom, left + width, bottom, class: "axis"))
    elements.append(SVG.line(left, top, left, bottom, class: "axis"))
    for series in series {
      let points = series.points.map { (across($0.x), down($0.y)) }
      elements.append(SVG.polyline(points, class: series.strokeClass))
      elements += points.map { SVG.circle($0.0, $0.1, radius: 3.5, class: "dot \(series.colour.rawValue)") }
    }
    return elements
  }
}

extension ChartSeries {
  var strokeClass: String { "stroke \(colour.rawValue)" + (isDashed ? " dashed" : "") }
}
