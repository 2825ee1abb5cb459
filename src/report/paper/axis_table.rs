//! Accuracy and latency against one setting: the number of clusters K, or of members M.

use std::collections::HashSet;

use super::accuracies;
use super::cell::Cell;
use super::lead::{Lead, add_settings, setting_cells};
use super::table::PaperTable;
use crate::report::columns::{SPEED_ONLY, trial};
use crate::report::groups::{By, Group, configurations, groups};
use crate::report::measures::{latency, seconds_per_image};
use crate::report::rows::Rows;
use crate::report::words;

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
        let answers = configurations(rows, By::Answer, &[]);
        let shown: HashSet<usize> = groups.iter().map(|group| answers[group.first()]).collect();
        let is_timed = |row: usize| rows.number(trial::LATENCY, row).is_some() && shown.contains(&answers[row]);
        let timed = self::groups(rows, By::Speed, &[], is_timed);
        let machine = machine(rows, &timed);
        let mut table = PaperTable::new(self.name, self.title);
        let lead = Lead::add(&mut table, rows, &groups, &[&[self.axis], &SPEED_ONLY[..]].concat());
        table.numbers(self.axis, self.axis_title);
        accuracies::add(&mut table);
        table.numbers(trial::PLAIN_PRODUCTS, "products with plaintexts");
        add_settings(&mut table, rows, &timed, &machine);
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
                let seconds = [
                    Cell::whole(rows.number(trial::THREADS, group.first())),
                    Cell::spread(latency(rows, group), 2),
                    Cell::number(seconds_per_image(rows, group).map(|(seconds, _)| seconds.mean), 3),
                ];
                [&setting_cells(rows, group, &machine)[..], &seconds].concat()
            };
            if fast.is_empty() {
                cells.resize(table.columns.len(), Cell::Empty);
                table.rows.push(cells);
            } else {
                table.rows.extend(fast.into_iter().map(|group| [&cells[..], &seconds(group)].concat()));
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

/// Besides threads, the settings in which timed configurations differ and which change seconds alone.
fn machine(rows: &Rows, timed: &[Group]) -> Vec<&'static str> {
    let differing = words::differing(rows, &timed.iter().collect::<Vec<_>>(), &[trial::THREADS]);
    differing.into_iter().filter(|name| SPEED_ONLY.contains(name)).collect()
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
    fn rows_of_other_seconds_say_what_else_differs() {
        let rows = rows(
            "trial_id,status,network,clusters,threads,processor,jobs,latency_seconds_median\n\
             a,ok,resnet20,64,2,P,1,5\nb,ok,resnet20,64,2,Q,1,7\nc,ok,resnet20,,2,P,1,9\nd,ok,resnet18,,2,P,3,9\n",
        );
        let table = CLUSTERING.table(&rows).unwrap();
        let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
        assert_eq!(names[1..4], ["clusters", "processor", "threads"], "{names:?}");
        let shown: Vec<String> = table.rows.iter().map(|cells| cells[2].shown("")).collect();
        assert_eq!(shown, ["P", "Q", "P"]);
    }

    #[test]
    fn a_table_of_nothing_is_left_out() {
        let why = ENSEMBLES.table(&rows(&format!("{HEADER}{RELU}"))).unwrap_err();
        assert!(why.contains("`ensemble`") && why.contains("after folding"), "{why}");
        let why = CLUSTERING.table(&rows(&format!("{HEADER}{RELU}"))).unwrap_err();
        assert_eq!(why, "no trial has the setting `clusters`");
    }
}
