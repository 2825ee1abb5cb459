//! A table of texts, as aligned columns for a terminal or as Markdown.

/// How a column is aligned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// A column: its heading, its alignment, and its cell for an item.
pub type Column<'c, T> = (&'c str, Align, &'c dyn Fn(&T) -> String);

/// Headings and rows of texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextTable {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<String>>,
}

impl TextTable {
    /// A table without rows.
    #[must_use]
    pub fn new<S: Into<String>>(columns: impl IntoIterator<Item = (S, Align)>) -> Self {
        Self {
            columns: columns.into_iter().map(|(heading, align)| (heading.into(), align)).collect(),
            rows: Vec::new(),
        }
    }

    /// A row for each item.
    #[must_use]
    pub fn of<T>(items: impl IntoIterator<Item = T>, columns: &[Column<'_, T>]) -> Self {
        let mut table = Self::new(columns.iter().map(|(heading, align, _)| (*heading, *align)));
        for item in items {
            table.push(columns.iter().map(|(.., cell)| cell(&item)).collect());
        }
        table
    }

    /// Whether there is no row.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds a row; it is cut or filled to the number of columns.
    pub fn push(&mut self, mut row: Vec<String>) {
        row.resize(self.columns.len(), String::new());
        self.rows.push(row);
    }

    /// Headings and alignments.
    pub fn columns(&self) -> impl Iterator<Item = (&str, Align)> {
        self.columns.iter().map(|(heading, align)| (heading.as_str(), *align))
    }

    /// The rows, a cell for each column.
    pub fn rows(&self) -> impl Iterator<Item = &[String]> {
        self.rows.iter().map(Vec::as_slice)
    }

    /// The same without columns that no row has anything in.
    #[must_use]
    pub fn without_empty_columns(self) -> Self {
        let used: Vec<bool> =
            (0..self.columns.len()).map(|column| self.rows.iter().any(|row| !row[column].is_empty())).collect();
        let columns =
            self.columns.into_iter().zip(&used).filter(|(_, used)| **used).map(|(column, _)| column).collect();
        let kept =
            |row: Vec<String>| row.into_iter().zip(&used).filter(|(_, used)| **used).map(|(cell, _)| cell).collect();
        Self { columns, rows: self.rows.into_iter().map(kept).collect() }
    }

    fn widths(&self) -> Vec<usize> {
        let width = |text: &str| text.chars().count();
        let column = |index: usize, heading: &str| {
            // Formatting pads to no more.
            self.rows.iter().map(|row| width(&row[index])).fold(width(heading), usize::max).min(usize::from(u16::MAX))
        };
        self.columns.iter().enumerate().map(|(index, (heading, _))| column(index, heading)).collect()
    }

    fn padded<'a>(&'a self, cells: impl Iterator<Item = &'a str>, widths: &[usize]) -> Vec<String> {
        cells
            .zip(&self.columns)
            .zip(widths)
            .map(|((cell, (_, align)), width)| match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            })
            .collect()
    }

    fn headings(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|(heading, _)| heading.as_str())
    }

    /// Rows become columns; the first column becomes the headings. Rows without any cell are left out.
    #[must_use]
    pub fn transposed(&self) -> Self {
        let mut headings = self.headings();
        let corner = headings.next().unwrap_or_default().to_owned();
        let names = self.rows.iter().filter_map(|row| row.first()).map(|name| (name.clone(), Align::Right));
        let mut turned = Self::new(std::iter::once((corner, Align::Left)).chain(names));
        for (column, heading) in headings.enumerate() {
            let cells: Vec<String> = self.rows.iter().map(|row| row[column + 1].clone()).collect();
            if cells.iter().any(|cell| !cell.is_empty()) {
                turned.push(std::iter::once(heading.to_owned()).chain(cells).collect());
            }
        }
        turned
    }

    /// Columns aligned with two spaces between them, for a terminal.
    #[must_use]
    pub fn plain(&self) -> String {
        let widths = self.widths();
        let line = |cells: Vec<String>| cells.join("  ").trim_end().to_owned() + "\n";
        let mut text = line(self.padded(self.headings(), &widths));
        for row in &self.rows {
            text += &line(self.padded(row.iter().map(String::as_str), &widths));
        }
        text
    }

    /// A Markdown table whose source is readable too.
    #[must_use]
    pub fn markdown(&self) -> String {
        let escape = |text: &str| text.replace('|', "\\|").replace(['\n', '\r'], " ");
        let escaped = Self {
            columns: self.columns.iter().map(|(heading, align)| (escape(heading), *align)).collect(),
            rows: self.rows.iter().map(|row| row.iter().map(|cell| escape(cell)).collect()).collect(),
        };
        let widths: Vec<usize> = escaped.widths().into_iter().map(|width| width.max(3)).collect();
        let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
        let rule = escaped.columns.iter().zip(&widths).map(|((_, align), width)| match align {
            Align::Left => "-".repeat(*width),
            Align::Right => "-".repeat(width - 1) + ":",
        });
        let mut text = line(escaped.padded(escaped.headings(), &widths)) + &line(rule.collect());
        for row in &escaped.rows {
            text += &line(escaped.padded(row.iter().map(String::as_str), &widths));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> TextTable {
        let mut table = TextTable::new([("layer", Align::Left), ("s", Align::Right)]);
        table.push(vec!["conv1".into(), "0.5".into()]);
        table.push(vec!["a|b".into()]);
        table
    }

    #[test]
    fn plain_columns_are_aligned() {
        assert_eq!(table().plain(), "layer    s\nconv1  0.5\na|b\n");
    }

    #[test]
    fn a_cell_of_a_hundred_thousand_letters_is_longer_than_its_column() {
        let mut table = table();
        table.push(vec!["x".repeat(100_000), "1".into()]);
        assert!(table.plain().contains(&"x".repeat(100_000)));
    }

    #[test]
    fn transposing_drops_empty_rows() {
        let mut table = TextTable::new([("trial", Align::Left), ("s", Align::Right), ("never", Align::Right)]);
        table.push(vec!["a".into(), "0.5".into()]);
        table.push(vec!["b".into()]);
        assert_eq!(table.transposed().plain(), "trial    a  b\ns      0.5\n");
    }

    #[test]
    fn markdown_is_escaped_and_aligned() {
        assert_eq!(table().markdown(), "| layer |   s |\n| ----- | --: |\n| conv1 | 0.5 |\n| a\\|b  |     |\n");
    }
}
