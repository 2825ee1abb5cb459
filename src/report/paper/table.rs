//! A table of the report, as CSV, Markdown and LaTeX.

use super::cell::Cell;
use crate::experiment::records::csv_text;
use crate::report::ReportError;
use crate::report::text_table::{Align, TextTable};
use crate::report::words::SUPERSCRIPTS;

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heading {
    /// Name in the CSV.
    pub name: String,
    /// Heading where people read it, with the unit.
    pub title: String,
    /// Whether it holds numbers.
    pub numbers: bool,
    /// Whether its cells are means with deviations, which the CSV has as columns of their own.
    pub spread: bool,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperTable {
    /// File name without extension.
    pub name: &'static str,
    /// What it holds, for a heading.
    pub title: String,
    /// What one must know to read it.
    pub notes: Vec<String>,
    /// The columns.
    pub columns: Vec<Heading>,
    /// The rows, one cell for each column.
    pub rows: Vec<Vec<Cell>>,
}

impl PaperTable {
    /// A table without columns and rows.
    #[must_use]
    pub fn new(name: &'static str, title: impl Into<String>) -> Self {
        Self { name, title: title.into(), notes: Vec::new(), columns: Vec::new(), rows: Vec::new() }
    }

    /// Adds a column of texts.
    pub fn texts(&mut self, name: &str, title: &str) {
        self.columns.push(Heading { name: name.to_owned(), title: title.to_owned(), numbers: false, spread: false });
    }

    /// Adds a column of numbers.
    pub fn numbers(&mut self, name: &str, title: &str) {
        self.columns.push(Heading { name: name.to_owned(), title: title.to_owned(), numbers: true, spread: false });
    }

    /// Adds a column of means with deviations.
    pub fn spreads(&mut self, name: &str, title: &str) {
        self.columns.push(Heading { name: name.to_owned(), title: title.to_owned(), numbers: true, spread: true });
    }

    /// Removes columns that no row has anything in.
    pub fn drop_empty_columns(&mut self) {
        let used: Vec<bool> =
            (0..self.columns.len()).map(|column| self.rows.iter().any(|row| row[column] != Cell::Empty)).collect();
        let mut keep = used.iter();
        self.columns.retain(|_| *keep.next().unwrap_or(&true));
        for row in &mut self.rows {
            let mut keep = used.iter();
            row.retain(|_| *keep.next().unwrap_or(&true));
        }
    }

    /// Comma-separated values: exact numbers, deviation and number of repetitions in columns of their own.
    ///
    /// # Errors
    /// [`ReportError::Compute`].
    pub fn csv(&self) -> Result<String, ReportError> {
        let mut header = Vec::new();
        for Heading { name, spread, .. } in &self.columns {
            header.push(name.clone());
            if *spread {
                header.extend([format!("{name}_deviation"), format!("{name}_repetitions")]);
            }
        }
        let mut rows = vec![header];
        for row in &self.rows {
            let mut cells = Vec::new();
            for (column, cell) in self.columns.iter().zip(row) {
                cells.push(cell.exact());
                if column.spread {
                    let spread = if let Cell::Spread(spread, _) = cell { Some(spread) } else { None };
                    cells.push(spread.and_then(|it| it.deviation).map_or_else(String::new, |it| it.to_string()));
                    cells.push(spread.map_or_else(String::new, |it| it.count.to_string()));
                }
            }
            rows.push(cells);
        }
        csv_text(rows, false).map_err(|reason| ReportError::Compute { what: self.name, reason })
    }

    /// Title, table and notes in Markdown.
    #[must_use]
    pub fn markdown(&self) -> String {
        let align = |column: &Heading| if column.numbers { Align::Right } else { Align::Left };
        let mut table = TextTable::new(self.columns.iter().map(|column| (column.title.as_str(), align(column))));
        for row in &self.rows {
            table.push(row.iter().map(|cell| cell.shown(" ± ")).collect());
        }
        let mut text = format!("## {}\n\n{}", self.title, table.markdown());
        if !self.notes.is_empty() {
            text.push('\n');
            for note in &self.notes {
                text += &format!("* {note}\n");
            }
        }
        text
    }

    /// A LaTeX table by the rules of booktabs; `\usepackage{booktabs}` is all it needs.
    #[must_use]
    pub fn latex(&self) -> String {
        let columns: String = self.columns.iter().map(|column| if column.numbers { 'r' } else { 'l' }).collect();
        let line = |cells: Vec<String>| format!("    {} \\\\\n", cells.join(" & "));
        let mut text = format!(
            "% made by `leveled report`; needs \\usepackage{{booktabs}}\n\\begin{{table}}\n  \\centering\n  \\caption{{{}}}\n  \
             \\label{{tab:{}}}\n  \\begin{{tabular}}{{{columns}}}\n    \\toprule\n",
            escape(&self.title),
            self.name
        );
        text += &line(self.columns.iter().map(|column| escape(&column.title)).collect());
        text += "    \\midrule\n";
        for row in &self.rows {
            text += &line(row.iter().map(latex_cell).collect());
        }
        text += "    \\bottomrule\n  \\end{tabular}\n";
        for note in &self.notes {
            text += &format!("  \\par\\footnotesize {}\n", escape(note));
        }
        text + "\\end{table}\n"
    }
}

fn latex_cell(cell: &Cell) -> String {
    match cell {
        Cell::Spread(spread, _) if spread.deviation.is_some() => format!("${}$", cell.shown(" \\pm ")),
        Cell::Number(..) if cell.shown("").contains('e') => {
            let shown = cell.shown("");
            let (digits, exponent) = shown.split_once('e').unwrap_or((&shown, "0"));
            format!("${digits} \\cdot 10^{{{exponent}}}$")
        }
        Cell::Number(..) | Cell::Fixed(..) | Cell::Spread(..) => cell.shown(""),
        Cell::Empty | Cell::Text(_) => escape(&cell.shown("")),
    }
}

/// A text in LaTeX; what stands between backticks is code.
fn escape(text: &str) -> String {
    let parts: Vec<String> = text.split('`').map(escape_letters).collect();
    // A backtick that none closes stands for itself.
    if parts.len().is_multiple_of(2) {
        return parts.join("\\textasciigrave{}");
    }
    let part = |(index, part): (usize, &String)| {
        if index % 2 == 1 { format!("\\texttt{{{part}}}") } else { part.clone() }
    };
    parts.iter().enumerate().map(part).collect()
}

/// What LaTeX reads as something else, and letters that it may not know.
fn escape_letters(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => {
                escaped.push('\\');
                escaped.push(letter);
            }
            '~' => escaped += "\\textasciitilde{}",
            '^' => escaped += "\\textasciicircum{}",
            '\\' => escaped += "\\textbackslash{}",
            '|' => escaped += "\\textbar{}",
            '±' => escaped += "$\\pm$",
            '<' => escaped += "$<$",
            '>' => escaped += "$>$",
            '\u{a0}' => escaped.push('~'),
            other => match SUPERSCRIPTS.iter().position(|raised| *raised == other) {
                Some(digit) => escaped += &format!("\\textsuperscript{{{digit}}}"),
                None => escaped.push(other),
            },
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::spread::Spread;

    fn table() -> PaperTable {
        let mut table = PaperTable::new("t", "Accuracy & more");
        table.texts("network", "network");
        table.spreads("accuracy", "accuracy (%)");
        table.numbers("seconds", "latency (s)");
        table.numbers("never", "never");
        let two = Spread::of(&[90.0, 92.0]);
        table.rows.push(vec![
            Cell::text("ResNet-20, N = 2¹⁵"),
            Cell::spread(two, 1),
            Cell::number(Some(7.714), 3),
            Cell::Empty,
        ]);
        table.rows.push(vec![Cell::text("a_b"), Cell::spread(Spread::of(&[50.0]), 1), Cell::Empty, Cell::Empty]);
        table.notes.push("5 % of all".to_owned());
        table
    }

    #[test]
    fn csv_has_exact_numbers() {
        assert_eq!(
            table().csv().unwrap(),
            "network,accuracy,accuracy_deviation,accuracy_repetitions,seconds,never\n\
             \"ResNet-20, N = 2¹⁵\",91,1.4142135623730951,2,7.714,\na_b,50,,1,,\n"
        );
    }

    #[test]
    fn markdown_and_latex() {
        let mut table = table();
        table.drop_empty_columns();
        let markdown = table.markdown();
        assert!(markdown.starts_with("## Accuracy & more\n\n| network"), "{markdown}");
        assert!(
            markdown.contains("|   91.0 ± 1.4 |        7.71 |") && markdown.ends_with("\n* 5 % of all\n"),
            "{markdown}"
        );
        assert!(!markdown.contains("never"));
        table.notes.push("`as_trained`: before `folding`, not ` alone".to_owned());
        table.notes.push("of `P(x)` and `y_z`".to_owned());
        let latex = table.latex();
        for part in [
            "\\caption{Accuracy \\& more}",
            "\\begin{tabular}{lrr}",
            "network & accuracy (\\%) & latency (s) \\\\",
            "ResNet-20, N = 2\\textsuperscript{1}\\textsuperscript{5} & $91.0 \\pm 1.4$ & 7.71 \\\\",
            "a\\_b & 50.0 &  \\\\",
            "\\bottomrule",
            "5 \\% of all",
            "of \\texttt{P(x)} and \\texttt{y\\_z}",
            "\\textasciigrave{}as\\_trained\\textasciigrave{}",
        ] {
            assert!(latex.contains(part), "{part}: {latex}");
        }
    }
}
