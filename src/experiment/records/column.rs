//! Columns of tables, and what stands in their cells.

/// What stands in the cells of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// One of a few words.
    Words(&'static [&'static str]),
    /// Whole numbers, none below 0.
    Integer,
    /// Numbers.
    Number,
    /// `true` or `false`.
    Boolean,
}

/// A column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Name.
    pub name: &'static str,
    /// What stands in its cells.
    pub kind: ColumnKind,
    /// What it means.
    pub meaning: &'static str,
}

impl Column {
    /// The unit of its numbers, which follows from its name; empty: a count, a share or no number.
    #[must_use]
    pub fn unit(&self) -> &'static str {
        let has = |word: &str| self.name.split('_').any(|part| part == word);
        match self.kind {
            ColumnKind::Integer | ColumnKind::Number if has("seconds") => "s",
            ColumnKind::Integer | ColumnKind::Number if has("bytes") => "B",
            ColumnKind::Integer | ColumnKind::Number if has("bits") || has("log2") => "bits",
            _ => "",
        }
    }
}

/// A type whose values are cells.
pub trait CellType {
    /// What stands in the cells of a column of this type.
    const KIND: ColumnKind;
}

macro_rules! cell_types {
    ($($type:ty => $kind:ident,)*) => {
        $(impl CellType for $type {
            const KIND: ColumnKind = ColumnKind::$kind;
        })*
    };
}

cell_types! {
    String => Text,
    u32 => Integer,
    u64 => Integer,
    usize => Integer,
    f64 => Number,
    bool => Boolean,
}

/// An empty cell: not measured.
impl<T: CellType> CellType for Option<T> {
    const KIND: ColumnKind = T::KIND;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::records::{AccuracyRow, ImageRow, LayerRow, Record, TrialRow};

    #[test]
    fn every_column_is_documented() {
        for column in [TrialRow::COLUMNS, LayerRow::COLUMNS, ImageRow::COLUMNS, AccuracyRow::COLUMNS].concat() {
            assert!(column.meaning.ends_with('.') && column.meaning.trim() == column.meaning, "{column:?}");
        }
    }

    #[test]
    fn kinds_and_units() {
        assert_eq!(TrialRow::status.kind, ColumnKind::Words(&["ok", "failed"]));
        assert_eq!(TrialRow::security_2018.kind, ColumnKind::Words(&["secure", "insecure", "unknown"]));
        assert_eq!((TrialRow::log_n.kind, TrialRow::log_n.unit()), (ColumnKind::Integer, ""));
        assert_eq!((TrialRow::key_bytes.kind, TrialRow::key_bytes.unit()), (ColumnKind::Integer, "B"));
        assert_eq!((TrialRow::log2_qp.kind, TrialRow::log2_qp.unit()), (ColumnKind::Number, "bits"));
        assert_eq!(TrialRow::latency_seconds_median.unit(), "s");
        assert_eq!((TrialRow::probe.kind, TrialRow::layout.kind), (ColumnKind::Boolean, ColumnKind::Text));
    }
}
