/// A table for people to read: the first column to the left, numbers to the right.
struct TextTable {
  let titles: [String]
  private(set) var rows: [[String]] = []

  init(_ titles: String...) { self.titles = titles }

  mutating func add(_ cells: String...) { rows.append(cells) }

  /// Lines of equal structure, each ended by a newline.
  var text: String {
    let lines = [titles] + rows
    let widths = titles.indices.map { column in
      lines.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0
    }
    return lines.map { cells in
      let padded = zip(cells, widths).enumerated().map { column, cell in
        let space = String(repeating: " ", count: cell.1 - cell.0.count)
        return column == 0 ? cell.0 + space : space + cell.0
      }
      var line = padded.joined(separator: "  ")
      while line.last == " " { line.removeLast() }
      return line + "\n"
    }.joined()
  }
}
