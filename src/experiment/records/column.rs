//! What the columns of a table are, from the documentation of the row's fields.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::{Record, cells};

/// What stands in the cells of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnKind {
    /// Text.
    Text,
    /// One of a few words.
    Words(Vec<String>),
    /// Whole numbers, none below 0.
    Integer,
    /// Numbers.
    Number,
    /// `true` or `false`.
    Boolean,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Name.
    pub name: String,
    /// What stands in its cells.
    pub kind: ColumnKind,
    /// What it means.
    pub meaning: String,
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

/// The columns of a table in order.
#[must_use]
pub fn columns<R: Record>() -> Vec<Column> {
    let generator = SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator();
    let schema = generator.into_root_schema_for::<R>();
    let properties = schema.get("properties").cloned().unwrap_or_default();
    let cells = cells(&R::default()).unwrap_or_default();
    cells
        .into_iter()
        .map(|(name, _)| {
            let property = &properties[name.as_str()];
            let meaning = property["description"].as_str().unwrap_or_default().replace('\n', " ");
            Column { kind: kind(property), meaning, name }
        })
        .collect()
}

fn kind(schema: &Value) -> ColumnKind {
    let mut words = Vec::new();
    collect_words(schema, &mut words);
    if !words.is_empty() {
        return ColumnKind::Words(words);
    }
    let is = |name: &str| match &schema["type"] {
        Value::String(one) => one == name,
        Value::Array(several) => several.iter().any(|one| one == name),
        _ => false,
    };
    match () {
        () if is("integer") => ColumnKind::Integer,
        () if is("number") => ColumnKind::Number,
        () if is("boolean") => ColumnKind::Boolean,
        () => ColumnKind::Text,
    }
}

/// The words that a schema of an enumeration allows.
fn collect_words(schema: &Value, words: &mut Vec<String>) {
    let texts = schema["enum"].as_array().into_iter().flatten().chain([&schema["const"]]);
    words.extend(texts.filter_map(Value::as_str).map(str::to_owned));
    for choices in ["oneOf", "anyOf"] {
        schema[choices].as_array().into_iter().flatten().for_each(|choice| collect_words(choice, words));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::records::{ImageRow, LayerRow, TrialRow};

    #[test]
    fn every_column_is_documented() {
        for column in [columns::<TrialRow>(), columns::<LayerRow>(), columns::<ImageRow>()].concat() {
            assert!(column.meaning.ends_with('.'), "{column:?}");
        }
    }

    #[test]
    fn kinds_and_units() {
        let trials = columns::<TrialRow>();
        let column = |name: &str| trials.iter().find(|column| column.name == name).unwrap();
        assert_eq!(column("status").kind, ColumnKind::Words(vec!["ok".into(), "failed".into()]));
        assert_eq!(
            column("security_2018").kind,
            ColumnKind::Words(vec!["secure".into(), "insecure".into(), "unknown".into()])
        );
        assert_eq!((&column("log_n").kind, column("log_n").unit()), (&ColumnKind::Integer, ""));
        assert_eq!((&column("key_bytes").kind, column("key_bytes").unit()), (&ColumnKind::Integer, "B"));
        assert_eq!((&column("log2_qp").kind, column("log2_qp").unit()), (&ColumnKind::Number, "bits"));
        assert_eq!(column("latency_seconds_median").unit(), "s");
        assert_eq!((&column("probe").kind, &column("layout").kind), (&ColumnKind::Boolean, &ColumnKind::Text));
    }
}
