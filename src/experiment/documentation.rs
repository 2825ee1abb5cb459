//! Tables of the documentation that follow from the code: settings of an experiment, columns of the records.

use super::records::{Column, ColumnKind, Record};
use super::schema::experiment_schema;
use super::settings::names_and_defaults;

/// The settings as a Markdown table.
#[must_use]
pub fn settings_table() -> String {
    let schema = experiment_schema();
    let properties = &schema["$defs"]["PartialSettings"]["properties"];
    let rows = names_and_defaults().into_iter().map(|(name, default)| {
        let value = properties[name]["description"].as_str().unwrap_or_default().replace('\n', " ");
        vec![format!("`{name}`"), value, default]
    });
    markdown(&["setting", "value", "default"], rows)
}

/// The columns of a table of records as a Markdown table.
#[must_use]
pub fn columns_table<R: Record>() -> String {
    let rows =
        R::COLUMNS.iter().map(|column| vec![format!("`{}`", column.name), kind(column), column.meaning.to_owned()]);
    markdown(&["column", "type, unit", "meaning"], rows)
}

fn kind(column: &Column) -> String {
    let kind = match &column.kind {
        ColumnKind::Text => "text".to_owned(),
        ColumnKind::Words(words) => words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", "),
        ColumnKind::Integer => "integer".to_owned(),
        ColumnKind::Number => "number".to_owned(),
        ColumnKind::Boolean => "`true`, `false`".to_owned(),
    };
    match column.unit() {
        "" => kind,
        unit => format!("{kind}, {unit}"),
    }
}

fn markdown(heading: &[&str], rows: impl Iterator<Item = Vec<String>>) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| cell.replace('|', "\\|")).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let heading: Vec<String> = heading.iter().map(|&cell| cell.to_owned()).collect();
    let rule = format!("|{}\n", "---|".repeat(heading.len()));
    line(&heading) + &rule + &rows.map(|row| line(&row)).collect::<String>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_documented() {
        for line in settings_table().lines().skip(2) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            assert!(cells.len() >= 5 && cells[2].ends_with('.') && !cells[3].is_empty(), "{line}");
        }
    }
}
