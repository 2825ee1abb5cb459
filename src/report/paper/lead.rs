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
        add_settings(table, rows, groups, &differing);
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
        always.into_iter().chain(setting_cells(rows, group, &self.differing)).collect()
    }
}

/// Adds a column for each of some settings of these groups.
pub fn add_settings(table: &mut PaperTable, rows: &Rows, groups: &[Group], names: &[&str]) {
    for name in names {
        let title = match *name {
            trial::LOG_N => "log2 N".to_owned(),
            trial::CLUSTERS => "K".to_owned(),
            trial::ENSEMBLE => "M".to_owned(),
            VARIANT => "weights".to_owned(),
            trial::MEMORY | trial::WORKING | trial::JOBS => words::name(name),
            other => other.replace('_', " "),
        };
        let mut values = groups.iter().map(|group| rows.text(name, group.first()));
        if values.all(|value| value.is_empty() || value.parse::<f64>().is_ok()) {
            table.numbers(name, &title);
        } else {
            table.texts(name, &title);
        }
    }
}

/// The cells of a group in the columns of [`add_settings`].
#[must_use]
pub fn setting_cells(rows: &Rows, group: &Group, names: &[&str]) -> Vec<Cell> {
    let cell = |name: &&str| match (*name, rows.text(name, group.first()).as_str()) {
        (trial::ENSEMBLE, "") => Cell::text("1"),
        (VARIANT, value) => Cell::text(words::setting(VARIANT, value)),
        (_, value) => Cell::text(value),
    };
    names.iter().map(cell).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::groups::{By, groups};
    use crate::report::rows::tests::rows;

    #[test]
    fn a_column_says_how_many_images_share_a_ciphertext() {
        let rows = rows("trial_id,status,layout,batch\na,ok,packed,\nb,ok,tiled,\nc,ok,channel,8\nd,ok,,\n");
        let groups = groups(&rows, By::Speed, &[], |_| true);
        let mut table = PaperTable::new("t", "t");
        let lead = Lead::add(&mut table, &rows, &groups, &[trial::LAYOUT]);
        assert_eq!(table.columns[ALWAYS.len()].name, trial::BATCH);
        let batches: Vec<String> =
            groups.iter().map(|group| lead.cells(&rows, group)[ALWAYS.len()].shown("")).collect();
        assert_eq!(batches, ["1", "auto", "8", ""]);
    }
}
