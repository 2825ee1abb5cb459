//! Tables of the documentation that follow from the code: settings of an experiment, columns of the records.

use serde_json::Value;

use super::records::{Column, ColumnKind, Record};
use super::schema::experiment_schema;
use super::settings::names_and_defaults;
use crate::network::import::RENAMINGS;

/// The settings as a Markdown table.
#[must_use]
pub fn settings_table() -> String {
    let schema = experiment_schema();
    let properties = &schema["$defs"]["PartialSettings"]["properties"];
    let rows = names_and_defaults().into_iter().map(|(name, default)| {
        let value = properties[name]["description"].as_str().unwrap_or_default().replace('\n', " ");
        let words = words(&schema, &properties[name]);
        // Words that the description does not explain.
        let value = match value.strip_suffix('.') {
            Some(text) if words.iter().any(|word| !text.contains(word)) => format!("{text}: {}.", words.join(", ")),
            _ => value,
        };
        vec![format!("`{name}`"), value, default]
    });
    markdown(&["setting", "value", "default"], rows)
}

/// The words that a property may be, quoted, if its type is a list of them.
fn words(schema: &Value, property: &Value) -> Vec<String> {
    let reference = property["anyOf"][0]["$ref"].as_str().and_then(|path| path.strip_prefix('#'));
    let list = reference.and_then(|path| schema.pointer(path)?.get("enum")?.as_array());
    list.into_iter().flatten().filter_map(|word| Some(format!("`{}`", word.as_str()?))).collect()
}

/// The renamings of imported tensors as a Markdown table.
#[must_use]
pub fn renamings_table() -> String {
    let rows =
        RENAMINGS.iter().map(|renaming| [renaming.theirs, renaming.ours].map(|part| format!("`{part}`")).to_vec());
    markdown(&["there", "here"], rows)
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
    use crate::network::registry::names;

    #[test]
    fn every_setting_is_documented() {
        for line in settings_table().lines().skip(2) {
            let cells: Vec<&str> = line.split('|').map(str::trim).collect();
            assert!(cells.len() >= 5 && cells[2].ends_with('.') && !cells[3].is_empty(), "{line}");
        }
        let network = settings_table().lines().find(|line| line.starts_with("| `network`")).map(str::to_owned);
        let names: Vec<String> = names().map(|name| format!("`{name}`")).collect();
        assert!(network.unwrap().contains(&format!("Architecture of the network: {}.", names.join(", "))));
    }
}
