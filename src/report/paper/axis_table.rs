//! Accuracy and latency against one setting: the number of clusters K, or of members M.

use std::collections::HashSet;

use super::accuracies;
use super::cell::Cell;
use super::lead::Lead;
use super::table::PaperTable;
use crate::report::columns::{SPEED_ONLY, trial};
use crate::report::groups::{By, Group, configurations, groups};
use crate::report::measures::{latency, seconds_per_image};
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
    /// The setting, and what differs with it.
    pub beside: &'static [&'static str],
}

/// Accuracy and latency against K.
pub const CLUSTERING: AxisTable = AxisTable {
    name: "clustering",
    title: "Accuracy and latency against the number of clusters K",
    axis: trial::CLUSTERS,
    axis_title: "K",
    // Without clusters there is no mode of clustering.
    beside: &[trial::CLUSTERS, trial::CLUSTER_MODE, trial::CLUSTER_METHOD, trial::CONVOLUTION],
};

/// Accuracy and latency against M.
pub const ENSEMBLES: AxisTable = AxisTable {
    name: "ensembles",
    title: "Accuracy and latency against the number of models M",
    axis: trial::ENSEMBLE,
    axis_title: "M",
    beside: &[trial::ENSEMBLE, trial::CLUSTER_MODE],
};

impl AxisTable {
    /// The table, or why there is none.
    ///
    /// # Errors
    /// No trial has another value of the setting than none, or none that has was measured.
    pub fn table(self, rows: &Rows) -> Result<PaperTable, String> {
        let mut groups = self::groups(rows, By::Answer, &[], |_| true);
        // A configuration is shown if it, or what it differs from by the setting alone, has a value of the setting.
        let others = configurations(rows, By::Answer, self.beside);
        let has_value = |group: &&Group| !rows.text(self.axis, group.first()).is_empty();
        let swept: HashSet<usize> = groups.iter().filter(has_value).map(|group| others[group.first()]).collect();
        groups.retain(|group| swept.contains(&others[group.first()]));
        if swept.is_empty() {
            return Err(format!("no trial has the setting `{}`", self.axis));
        }
        let timed = self::groups(rows, By::Speed, &[], |row| rows.number(trial::LATENCY, row).is_some());
        let answers = configurations(rows, By::Answer, &[]);
        let mut table = PaperTable::new(self.name, self.title);
        let lead = Lead::add(&mut table, rows, &groups, &[&[self.axis], &SPEED_ONLY[..]].concat());
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
            let fast: Vec<&Group> = timed.iter().filter(|group| answers[group.first()] == answers[row]).collect();
            // Networks with ReLU are evaluated as trained alone, which is no column here.
            if fast.is_empty() && accuracies.iter().chain([&products]).all(|cell| *cell == Cell::Empty) {
                continue;
            }
            let mut cells = lead.cells(rows, group);
            let value = rows.text(self.axis, row);
            let none = if self.axis == trial::ENSEMBLE { "1" } else { "none" };
            cells.push(value.parse().map_or_else(|_| Cell::text(none), |value| Cell::Fixed(value, 0)));
            cells.extend(accuracies);
            cells.push(products);
            let seconds = |group: &Group| {
                [
                    Cell::whole(rows.number(trial::THREADS, group.first())),
                    Cell::spread(latency(rows, group), 2),
                    Cell::number(seconds_per_image(rows, group).map(|(seconds, _)| seconds.mean), 3),
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
