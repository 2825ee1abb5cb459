//! What stands in a cell of a table, and how each format writes it.

use crate::report::format::significant;
use crate::report::spread::Spread;

/// A cell.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Cell {
    /// Nothing was measured.
    #[default]
    Empty,
    /// Text as it stands.
    Text(String),
    /// A number with so many significant digits where people read it.
    Number(f64, usize),
    /// A number with so many decimals where people read it.
    Fixed(f64, usize),
    /// Mean and deviation over repetitions, with so many decimals.
    Spread(Spread, usize),
}

impl Cell {
    /// A text; nothing if it is empty.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        if text.is_empty() { Self::Empty } else { Self::Text(text) }
    }

    /// A number with significant digits, if there is one.
    #[must_use]
    pub fn number(number: Option<f64>, digits: usize) -> Self {
        number.map_or(Self::Empty, |number| Self::Number(number, digits))
    }

    /// A mean with its deviation, if there is one.
    #[must_use]
    pub fn spread(spread: Option<Spread>, decimals: usize) -> Self {
        spread.map_or(Self::Empty, |spread| Self::Spread(spread, decimals))
    }

    /// A whole number, if there is one.
    #[must_use]
    pub fn whole(number: Option<f64>) -> Self {
        number.map_or(Self::Empty, |number| Self::Fixed(number, 0))
    }

    /// As people read it; `plus_minus` stands between mean and deviation.
    #[must_use]
    pub fn shown(&self, plus_minus: &str) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Text(text) => text.clone(),
            Self::Number(number, digits) => significant(*number, *digits),
            Self::Fixed(number, decimals) => format!("{number:.decimals$}"),
            Self::Spread(spread, decimals) => match spread.deviation {
                None => format!("{:.decimals$}", spread.mean),
                Some(deviation) => format!("{:.decimals$}{plus_minus}{deviation:.decimals$}", spread.mean),
            },
        }
    }

    /// As programs read it: numbers in full, tiny and huge ones with an exponent.
    #[must_use]
    pub fn exact(&self) -> String {
        let full = |number: f64| {
            if number == 0.0 || (1e-5..1e16).contains(&number.abs()) {
                number.to_string()
            } else {
                format!("{number:e}")
            }
        };
        match self {
            Self::Number(number, _) | Self::Fixed(number, _) => full(*number),
            Self::Spread(spread, _) => full(spread.mean),
            other => other.shown(""),
        }
    }

    /// What a table is sorted by, if it is a number.
    #[must_use]
    pub const fn value(&self) -> Option<f64> {
        match self {
            Self::Number(number, _) | Self::Fixed(number, _) => Some(*number),
            Self::Spread(spread, _) => Some(spread.mean),
            Self::Empty | Self::Text(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_read_numbers_in_full_but_for_tiny_and_huge_ones() {
        let exact = |number: f64| Cell::Number(number, 2).exact();
        assert_eq!(
            [0.0, 0.123_456_789, 12_345_678.0, 1.5e-113, -2e20].map(exact),
            ["0", "0.123456789", "12345678", "1.5e-113", "-2e20"]
        );
    }
}
