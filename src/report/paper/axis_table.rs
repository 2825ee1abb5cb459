//! Accuracy and latency against one setting: the number of clusters K, or of members M.

use std::collections::{HashMap, HashSet};

use super::accuracies;
use super::cell::Cell;
use super::lead::Lead;
use super::table::PaperTable;
use crate::report::columns::trial;
use crate::report::groups::{By, Configuration, Group, configuration, groups};
use crate::report::measures::{latency, mean};
use crate::report::rows::Rows;

/// A table against one setting.
#[derive(Debug, Clone, Copy)]
pub struct AxisTable {
    /// File name.
    pub name: &'static str,
    /// Heading.
    pub title: &'static str,
    /// The setting.
    pub axis: &'static str,
    /// Its heading.
    pub axis_title: &'static str,
}

/// Accuracy and latency against K.
pub const CLUSTERING: AxisTable = AxisTable {
    name: "clustering",
    title: "Accuracy and latency against the number of clusters K",
    axis: trial::CLUSTERS,
    axis_title: "K",
};

/// Accuracy and latency against M.
pub const ENSEMBLES: AxisTable = AxisTable {
    name: "ensembles",
    title: "Accuracy and latency against the number of models M",
    axis: trial::ENSEMBLE,
    axis_title: "M",
};

/// The first row of every configuration that was timed, by the configuration as accuracies know it.
fn timed(rows: &Rows) -> HashMap<Configuration, Vec<Group>> {
    let mut timed: HashMap<Configuration, Vec<Group>> = HashMap::new();
    for group in groups(rows, By::Speed, &[], |row| rows.number(trial::LATENCY, row).is_some()) {
        timed.entry(configuration(rows, group.first(), By::Answer, &[])).or_default().push(group);
    }
    timed
}

impl AxisTable {
    /// The table, or why there is none.
    ///
    /// # Errors
    /// No trial has another value of the setting than none, or none that has was measured.
    pub fn table(self, rows: &Rows) -> Result<PaperTable, String> {
        let mut groups = groups(rows, By::Answer, &[], |_| true);
        // A configuration is shown if it, or what it differs from by the setting alone, has a value of the setting.
        let swept: HashSet<Configuration> = groups
            .iter()
            .filter(|group| !rows.setting(self.axis, group.first()).is_empty())
            .map(|group| self.other_settings(rows, group))
            .collect();
        groups.retain(|group| swept.contains(&self.other_settings(rows, group)));
        if swept.is_empty() {
            return Err(format!("no trial has the setting `{}`", self.axis));
        }
        let timed = timed(rows);
        let mut table = PaperTable::new(self.name, self.title);
        let lead = Lead::add(&mut table, rows, &groups, &[self.axis]);
        table.numbers(self.axis, self.axis_title);
        accuracies::add(&mut table);
        table.numbers(trial::PLAIN_PRODUCTS, "products with plaintexts");
        table.numbers(trial::THREADS, "threads");
        table.spreads(trial::LATENCY, "latency (s)");
        table.numbers(trial::AMORTISED, "per image (s)");
        for group in &groups {
            let row = group.first();
            let accuracies = accuracies::cells(rows, group);
            let products = Cell::whole(rows.number(trial::PLAIN_PRODUCTS, row));
            let fast = timed.get(&configuration(rows, row, By::Answer, &[])).map_or(&[][..], Vec::as_slice);
            // Networks with ReLU are evaluated as trained alone, which is no column here.
            if fast.is_empty() && accuracies.iter().chain([&products]).all(|cell| *cell == Cell::Empty) {
                continue;
            }
            let mut cells = lead.cells(rows, group);
            let value = rows.setting(self.axis, row);
            let none = if self.axis == trial::ENSEMBLE { "1" } else { "none" };
            cells.push(value.parse().map_or_else(|_| Cell::text(none), |value| Cell::Fixed(value, 0)));
            cells.extend(accuracies);
            cells.push(products);
            let seconds = |group: &Group| {
                [
                    Cell::whole(rows.number(trial::THREADS, group.first())),
                    Cell::spread(latency(rows, group), 2),
                    Cell::number(mean(rows, group, trial::AMORTISED), 3),
                ]
            };
            if fast.is_empty() {
                let nothing = [Cell::Empty, Cell::Empty, Cell::Empty];
                table.rows.push(cells.iter().cloned().chain(nothing).collect());
            }
            for group in fast {
                table.rows.push(cells.iter().cloned().chain(seconds(group)).collect());
            }
        }
        if table.rows.is_empty() {
            return Err(format!(
                "no trial with the setting `{}` has seconds, products or an accuracy after folding",
                self.axis
            ));
        }
        table.drop_empty_columns();
        table.notes.push(accuracies::NOTE.to_owned());
        Ok(table)
    }

    fn other_settings(self, rows: &Rows, group: &Group) -> Configuration {
        // Without clusters there is no mode of clustering.
        let without: &[&str] = if self.axis == trial::CLUSTERS {
            &[trial::CLUSTERS, trial::CLUSTER_MODE, trial::CLUSTER_METHOD, trial::CONVOLUTION]
        } else {
            &[self.axis, trial::CLUSTER_MODE]
        };
        configuration(rows, group.first(), By::Answer, without)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows;

    const HEADER: &str = "trial_id,status,network,width,dataset,activation,model,weights,ensemble,clear_accuracy,clear_accuracy_images\n";
    const RELU: &str = "r,ok,resnet20,16,cifar10,relu,x_relu_seed0+x_relu_seed1,trained,2,,\n";

    #[test]
    fn what_was_measured_in_no_column_has_no_row() {
        let quadratic = "h,ok,resnet20,16,cifar10,herpn,x_herpn_seed0+x_herpn_seed1,trained,2,0.92,10000\n";
        let table = ENSEMBLES.table(&rows(&format!("{HEADER}{RELU}{quadratic}"))).unwrap();
        assert_eq!(table.rows.len(), 1, "{:?}", table.rows);
        assert!(table.rows[0].contains(&Cell::text("herpn")), "{:?}", table.rows);
    }

    #[test]
    fn a_table_of_nothing_is_left_out() {
        let why = ENSEMBLES.table(&rows(&format!("{HEADER}{RELU}"))).unwrap_err();
        assert!(why.contains("`ensemble`") && why.contains("after folding"), "{why}");
        let why = CLUSTERING.table(&rows(&format!("{HEADER}{RELU}"))).unwrap_err();
        assert_eq!(why, "no trial has the setting `clusters`");
    }
}
