//! Cells as a spreadsheet or an editor may have left them, back to what was written; what could mean something else is an error.

use super::{Column, ColumnKind, TrialRow};
use crate::experiment::trial::is_trial_id;

/// A word that older tables have in a column of numbers, where it is empty now.
const NONE: &str = "none";

/// How the cells of a column are read.
#[derive(Debug, Clone)]
pub struct Reading<'c> {
    /// Its documentation; none: it is of another version, and stays as it is.
    column: Option<&'c Column>,
    /// Whether commas in the numbers of the table are known to stand before decimals.
    decimal_commas: bool,
}

impl<'c> Reading<'c> {
    /// A reading for a column of a table; `decimal_commas` as [`shows_decimal_comma`] found them anywhere in it.
    #[must_use]
    pub const fn new(column: Option<&'c Column>, decimal_commas: bool) -> Self {
        Self { column, decimal_commas }
    }

    /// The cell as it was written.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn cell(&self, cell: &str) -> Result<String, String> {
        let Some(Column { name, kind, .. }) = self.column else { return Ok(cell.to_owned()) };
        if cell.is_empty() {
            return Ok(String::new());
        }
        match kind {
            ColumnKind::Text if *name == TrialRow::trial_id.name && !is_trial_id(cell) => {
                Err(format!("`{cell}` is no id of a trial"))
            }
            ColumnKind::Text => Ok(cell.to_owned()),
            ColumnKind::Words(words) if words.contains(&cell) => Ok(cell.to_owned()),
            ColumnKind::Words(words) => Err(format!("`{cell}` is none of {}", words.join(", "))),
            ColumnKind::Boolean => boolean(cell),
            ColumnKind::Integer if *name == TrialRow::clusters.name && cell == NONE => Ok(String::new()),
            ColumnKind::Integer => integer(cell),
            ColumnKind::Number => number(cell, self.decimal_commas),
        }
    }
}

/// Whether a number has a comma that can only stand before decimals, such as `0,995`: not as in `22,841`.
#[must_use]
pub fn shows_decimal_comma(cell: &str) -> bool {
    !may_be_thousands(cell) && decimal_comma(cell).is_some()
}

fn boolean(cell: &str) -> Result<String, String> {
    let known = ["true", "false"].into_iter().find(|word| cell.trim().eq_ignore_ascii_case(word));
    known.map(str::to_owned).ok_or_else(|| format!("`{cell}` is neither true nor false"))
}

/// Some programs write whole numbers as `15.0` where a cell of their column is empty.
fn integer(cell: &str) -> Result<String, String> {
    let text = cell.trim();
    let whole = match text.split_once(['.', ',']) {
        Some((whole, zeros)) if !may_be_thousands(text) && zeros.bytes().all(|digit| digit == b'0') => whole,
        _ => text,
    };
    match whole.parse::<u64>() {
        Ok(_) => Ok(whole.to_owned()),
        Err(_) => Err(format!("`{cell}` is no whole number")),
    }
}

fn number(cell: &str, decimal_commas: bool) -> Result<String, String> {
    let text = cell.trim();
    if text.parse::<f64>().is_ok() {
        return Ok(text.to_owned());
    }
    match decimal_comma(text) {
        Some(number) if decimal_commas || !may_be_thousands(text) => Ok(number),
        Some(_) => Err(format!("`{cell}` may be a fraction or thousands")),
        None => Err(format!("`{cell}` is no number")),
    }
}

/// A number with a comma before its decimals, with a point instead.
fn decimal_comma(cell: &str) -> Option<String> {
    let (whole, decimals) = cell.split_once(',')?;
    let digit = |text: &str| text.bytes().next_back().is_some_and(|byte| byte.is_ascii_digit());
    let number = format!("{whole}.{decimals}");
    (digit(whole) && decimals.starts_with(|sign: char| sign.is_ascii_digit()) && number.parse::<f64>().is_ok())
        .then_some(number)
}

/// Whether commas or points could stand between thousands: one to three digits, then groups of three.
fn may_be_thousands(cell: &str) -> bool {
    let mut groups = cell.trim_start_matches(['-', '+']).split([',', '.']);
    let digits = |group: &str| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit());
    let first = groups.next().is_some_and(|group| digits(group) && group.len() <= 3 && !group.starts_with('0'));
    first && groups.all(|group| digits(group) && group.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &'static str, kind: ColumnKind, cell: &str) -> Result<String, String> {
        let column = Column { name, kind, meaning: "" };
        Reading::new(Some(&column), false).cell(cell)
    }

    #[test]
    fn what_is_unambiguous_is_read() {
        let boolean = |cell| read("probe", ColumnKind::Boolean, cell);
        assert_eq!(["TRUE", "False", "true", ""].map(|cell| boolean(cell).unwrap()), ["true", "false", "true", ""]);
        let number = |cell| read("seconds", ColumnKind::Number, cell);
        for (cell, expected) in
            [("22.841", "22.841"), ("0,995", "0.995"), ("22,0", "22.0"), ("-1,5e-7", "-1.5e-7"), ("1E-7", "1E-7")]
        {
            assert_eq!(number(cell).unwrap(), expected);
        }
        let integer = |cell| read("images", ColumnKind::Integer, cell);
        assert_eq!(["15", "15.0", "15,0", ""].map(|cell| integer(cell).unwrap()), ["15", "15", "15", ""]);
        assert_eq!(read("clusters", ColumnKind::Integer, "none").unwrap(), "");
        assert_eq!(Reading::new(None, false).cell("1,5").unwrap(), "1,5", "columns of other versions stay");
    }

    #[test]
    fn what_is_not_is_an_error() {
        let number = |cell| read("seconds", ColumnKind::Number, cell).unwrap_err();
        assert_eq!(number("22,841"), "`22,841` may be a fraction or thousands");
        for cell in ["1.234,5", "1,234,567", "12-Nov", "#REF!", "5 s", "99%", ",5", "5,"] {
            assert!(number(cell).starts_with(&format!("`{cell}`")), "{cell}");
        }
        for cell in ["1.2E+12", "15,000", "15.000", "1.5", "-3", "none"] {
            assert!(read("key_bytes", ColumnKind::Integer, cell).is_err(), "{cell}");
        }
        for cell in ["WAHR", "1", "yes"] {
            assert!(read("probe", ColumnKind::Boolean, cell).is_err(), "{cell}");
        }
        let words = ColumnKind::Words(&["ok", "failed"]);
        assert_eq!(read("status", words, "oak").unwrap_err(), "`oak` is none of ok, failed");
        assert!(read("trial_id", ColumnKind::Text, "1.23457E+15").is_err());
    }

    #[test]
    fn a_table_with_decimal_commas_has_no_thousands() {
        let column = Column { name: "seconds", kind: ColumnKind::Number, meaning: "" };
        assert!(shows_decimal_comma("0,5") && shows_decimal_comma("1234,5") && !shows_decimal_comma("22,841"));
        assert_eq!(Reading::new(Some(&column), true).cell("22,841").unwrap(), "22.841");
    }
}
