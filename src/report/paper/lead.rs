//! The columns that say which configuration a row of a table is about.

use super::cell::Cell;
use super::table::PaperTable;
use crate::report::columns::trial;
use crate::report::groups::Group;
use crate::report::rows::{Rows, VARIANT};
use crate::report::words;

/// What every table leads with.
const ALWAYS: [(&str, &str); 4] = [
    (trial::NETWORK, "network"),
    (trial::WIDTH, "width"),
    (trial::DATASET, "data set"),
    (trial::ACTIVATION, "activation"),
];

/// The leading columns of a table: what every table has, and the settings in which its rows differ.
#[derive(Debug)]
pub struct Lead {
    differing: Vec<&'static str>,
}

impl Lead {
    /// Adds the columns for these groups; settings in `without` have columns of their own.
    #[must_use]
    pub fn add(table: &mut PaperTable, rows: &Rows, groups: &[Group], without: &[&str]) -> Self {
        let all: Vec<&Group> = groups.iter().collect();
        let always = ALWAYS.map(|(name, _)| name);
        let differing = words::differing(rows, &all, &[without, &always].concat());
        for (name, title) in ALWAYS {
            if name == trial::WIDTH {
                table.numbers(name, title);
            } else {
                table.texts(name, title);
            }
        }
        for name in &differing {
            let title = match *name {
                trial::LOG_N => "log2 N".to_owned(),
                trial::CLUSTERS => "K".to_owned(),
                trial::ENSEMBLE => "M".to_owned(),
                VARIANT => "weights".to_owned(),
                trial::MEMORY | trial::JOBS => words::name(name),
                other => other.replace('_', " "),
            };
            let values = groups.iter().map(|group| rows.text(name, group.first()));
            if values.clone().all(|value| value.is_empty() || value.parse::<f64>().is_ok()) {
                table.numbers(name, &title);
            } else {
                table.texts(name, &title);
            }
        }
        Self { differing }
    }

    /// The leading cells of a group.
    #[must_use]
    pub fn cells(&self, rows: &Rows, group: &Group) -> Vec<Cell> {
        let row = group.first();
        let always = [
            Cell::text(words::network(&rows.text(trial::NETWORK, row))),
            Cell::whole(rows.number(trial::WIDTH, row)),
            Cell::text(words::dataset(&rows.text(trial::DATASET, row))),
            Cell::text(rows.text(trial::ACTIVATION, row)),
        ];
        let others = self.differing.iter().map(|name| match (*name, rows.text(name, row).as_str()) {
            (trial::ENSEMBLE | trial::BATCH, "") => Cell::text("1"),
            (VARIANT, value) => Cell::text(words::setting(VARIANT, value)),
            (_, value) => Cell::text(value),
        });
        always.into_iter().chain(others).collect()
    }
}
