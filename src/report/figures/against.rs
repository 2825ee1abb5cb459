//! Accuracy and latency against one setting: the number of clusters K, or of models M.

use std::collections::BTreeSet;

use super::palette::SERIES;
use super::plot::{Axis, Chart, ChartPoint, Reference, Scale, Series};
use crate::report::columns::{Accuracy, trial};
use crate::report::groups::{By, Group, Spread, accuracy, best_accuracy, groups, groups_among, latency};
use crate::report::rows::{Rows, VARIANT};
use crate::report::tables::security_word;
use crate::report::words;

/// Most lines of reference.
const REFERENCES: usize = 3;

/// What stands on the horizontal axis.
#[derive(Debug, Clone, Copy)]
pub struct Against {
    /// Part of the file's name.
    pub word: &'static str,
    /// The setting.
    pub setting: &'static str,
    /// Heading of the axis.
    pub title: &'static str,
    /// What a trial without the setting counts as; none: it is a line of reference.
    pub off: Option<f64>,
}

/// K.
pub const CLUSTERS: Against =
    Against { word: "clusters", setting: trial::CLUSTERS, title: "number of clusters K (logarithmic)", off: None };

/// M.
pub const ENSEMBLE: Against =
    Against { word: "ensemble", setting: trial::ENSEMBLE, title: "number of models in the ensemble M", off: Some(1.0) };

/// What stands on the upright axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Percent of images that are right.
    Accuracy,
    /// Seconds of an evaluation.
    Latency,
}

impl Quantity {
    const fn word(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Latency => "latency",
        }
    }
}

impl Quantity {
    /// What its trials are grouped by.
    const fn by(self) -> By {
        match self {
            Self::Accuracy => By::Answer,
            Self::Latency => By::Speed,
        }
    }

    /// What is not grouped by: seconds do not depend on which weights they are.
    const fn without(self) -> &'static [&'static str] {
        match self {
            Self::Accuracy => &[],
            Self::Latency => &[trial::MODEL, VARIANT],
        }
    }
}

impl Against {
    /// The charts, one for each network and data set (several, if there are more series than colours), or why there is none.
    ///
    /// # Errors
    /// The rows do not have the setting, or not the quantity.
    pub fn charts(self, rows: &Rows, quantity: Quantity) -> Result<Vec<Chart>, String> {
        let known = |row: usize| match quantity {
            Quantity::Accuracy => rows.is_trained(row),
            Quantity::Latency => rows.number(trial::LATENCY, row).is_some(),
        };
        if (0..rows.len()).all(|row| self.value(rows, row).is_none()) {
            return Err(format!("no trial has the setting `{}`", self.setting));
        }
        let untold = self.untold(rows, quantity);
        let lines = groups(rows, quantity.by(), &untold, known);
        let panels = panels(rows, lines);
        let several = panels.len() > 1;
        let charts: Vec<Chart> =
            panels.iter().flat_map(|panel| self.panel(rows, quantity, panel, several, &untold)).collect();
        let missing = || match quantity {
            Quantity::Accuracy => {
                format!("no trials of trained weights with several values of `{}` have an accuracy", self.setting)
            }
            Quantity::Latency => format!("no trials with several values of `{}` were encrypted", self.setting),
        };
        if charts.is_empty() { Err(missing()) } else { Ok(charts) }
    }

    /// What the trials of one line may differ in.
    fn untold(self, rows: &Rows, quantity: Quantity) -> Vec<&'static str> {
        let mut untold = [&[self.setting], quantity.without()].concat();
        let ensembles = (0..rows.len()).filter(|row| self.value(rows, *row).is_some());
        let modes: BTreeSet<&str> = ensembles.map(|row| rows.setting(trial::CLUSTER_MODE, row)).collect();
        // One member has no joint slices, so its mode is another one than that of ensembles where these have one alone.
        if self.setting == trial::ENSEMBLE && modes.len() == 1 {
            untold.push(trial::CLUSTER_MODE);
        }
        untold
    }

    /// The setting of a trial as a number.
    fn value(self, rows: &Rows, row: usize) -> Option<f64> {
        rows.number(self.setting, row).filter(|value| Some(*value) != self.off)
    }

    fn panel(
        self,
        rows: &Rows,
        quantity: Quantity,
        lines: &[Group],
        several: bool,
        untold: &[&'static str],
    ) -> Vec<Chart> {
        let kind = best_accuracy(rows, lines.iter());
        let point = |group: &Group| match quantity {
            Quantity::Accuracy => accuracy(rows, group, kind).map(|(spread, _)| spread),
            Quantity::Latency => latency(rows, group),
        };
        let (mut drawn, mut references): (Vec<Line<'_>>, Vec<(&Group, Spread)>) = (Vec::new(), Vec::new());
        let repeated: Vec<&str> = untold.iter().copied().filter(|name| *name != self.setting).collect();
        for line in lines {
            let mut points: Vec<(f64, Spread)> = Vec::new();
            for group in groups_among(rows, quantity.by(), &repeated, line.rows.iter().copied()) {
                let Some(spread) = point(&group) else { continue };
                match self.value(rows, group.first()).or(self.off) {
                    Some(value) => points.push((value, spread)),
                    None => references.push((line, spread)),
                }
            }
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            let swept = points.iter().any(|(value, _)| Some(*value) != self.off);
            if swept {
                drawn.push((line, points));
            } else {
                references.extend(points.into_iter().map(|(_, spread)| (line, spread)));
            }
        }
        let values: BTreeSet<u64> = drawn.iter().flat_map(|(_, points)| points).map(|(x, _)| x.to_bits()).collect();
        if values.len() < 2 {
            return Vec::new();
        }
        // Without the setting there is no M to draw; a reference makes sense for K alone.
        if self.off.is_some() {
            references.clear();
        }
        references.truncate(REFERENCES);
        let lines_across: Vec<&Group> = references.iter().map(|(group, _)| *group).collect();
        let untold = [untold, &[trial::NETWORK, trial::DATASET]].concat();
        let telling = words::differing(rows, &lines_across, &untold);
        let everything: Vec<&Group> = drawn.iter().map(|(group, _)| *group).collect();
        let differing = words::differing(rows, &everything, &untold);
        let all: Vec<Spread> = drawn
            .iter()
            .flat_map(|(_, points)| points)
            .map(|(_, it)| *it)
            .chain(references.iter().map(|(_, it)| *it))
            .collect();
        let images = lines.iter().filter_map(|group| accuracy(rows, group, kind)).map(|(_, images)| images).max();
        let first = drawn[0].0.first();
        let chunks = drawn.chunks(SERIES.len() - references.len());
        let parts = chunks.len();
        chunks
            .enumerate()
            .map(|(part, chunk)| Chart {
                name: self.file_name(rows, quantity, first, several, part),
                title: self.heading(rows, quantity, first, part, parts),
                subtitle: subtitle(rows, quantity, &everything, images),
                x: self.axis(drawn.iter().flat_map(|(_, points)| points).map(|(value, _)| *value)),
                y: upright(quantity, kind, &all),
                series: chunk.iter().map(|(group, points)| series(rows, group, points, &differing)).collect(),
                references: references
                    .iter()
                    .map(|(group, spread)| Reference { name: reference_name(rows, group, &telling), y: spread.mean })
                    .collect(),
                frame: (520, 340),
            })
            .collect()
    }

    fn axis(self, values: impl Iterator<Item = f64>) -> Axis {
        Axis::around(self.title, Scale::Log2, values)
    }

    fn file_name(self, rows: &Rows, quantity: Quantity, row: usize, several: bool, part: usize) -> String {
        let mut name = format!("{}_by_{}", quantity.word(), self.word);
        if several {
            let of = |column| rows.text(column, row);
            name += &format!("_{}_w{}_{}", of(trial::NETWORK), of(trial::WIDTH), of(trial::DATASET));
        }
        if part > 0 {
            name += &format!("_{}", part + 1);
        }
        name
    }

    fn heading(self, rows: &Rows, quantity: Quantity, row: usize, part: usize, parts: usize) -> String {
        let what = if self.setting == trial::CLUSTERS { "clusters" } else { "models" };
        let part = if parts > 1 { format!(" ({} of {parts})", part + 1) } else { String::new() };
        let quantity = if quantity == Quantity::Accuracy { "Accuracy" } else { "Latency" };
        format!("{quantity} against the number of {what}: {}{part}", words::network_on_dataset(rows, row))
    }
}

/// Trials that differ in the setting alone, and what they say at each of its values.
type Line<'g> = (&'g Group, Vec<(f64, Spread)>);

/// Groups of the same network on the same data set.
fn panels(rows: &Rows, lines: Vec<Group>) -> Vec<Vec<Group>> {
    let mut panels: Vec<(String, Vec<Group>)> = Vec::new();
    for line in lines {
        let key = words::network_on_dataset(rows, line.first());
        match panels.iter_mut().find(|(known, _)| *known == key) {
            Some((_, panel)) => panel.push(line),
            None => panels.push((key, vec![line])),
        }
    }
    panels.into_iter().map(|(_, panel)| panel).collect()
}

fn series(rows: &Rows, group: &Group, points: &[(f64, Spread)], differing: &[&str]) -> Series {
    let point = |(value, spread): &(f64, Spread)| ChartPoint {
        x: *value,
        y: spread.mean,
        bar: (spread.low < spread.high).then_some((spread.low, spread.high)),
    };
    Series { name: words::series(rows, group, differing), points: points.iter().map(point).collect() }
}

fn reference_name(rows: &Rows, group: &Group, telling: &[&str]) -> String {
    match telling {
        [] => "no clustering".to_owned(),
        telling => format!("no clustering, {}", words::series(rows, group, telling)),
    }
}

fn upright(quantity: Quantity, kind: Accuracy, all: &[Spread]) -> Axis {
    match quantity {
        Quantity::Accuracy => {
            let ends = all.iter().flat_map(|spread| [spread.low, spread.high, spread.mean]);
            Axis::around(format!("accuracy (%), {}", kind.word), Scale::Linear, ends).within(0.0, 100.0)
        }
        Quantity::Latency => {
            Axis::from_zero("latency of an evaluation (s)", all.iter().flat_map(|spread| [spread.high, spread.mean]))
        }
    }
}

/// What one must know to read a chart.
fn subtitle(rows: &Rows, quantity: Quantity, groups: &[&Group], images: Option<u64>) -> String {
    let mut parts = Vec::new();
    match quantity {
        Quantity::Accuracy => {
            parts.extend(images.map(|images| format!("{images} image{}", if images == 1 { "" } else { "s" })));
            parts.push(
                "bars: one standard deviation over repetitions; for one alone its 95 % Wilson interval".to_owned(),
            );
        }
        Quantity::Latency => {
            parts.push(
                "bars: one standard deviation over repetitions; for one alone the quartiles over its images".to_owned(),
            );
        }
    }
    parts.extend(insecure(rows, groups));
    parts.join("; ")
}

/// That some parameters are over a line.
pub fn insecure(rows: &Rows, groups: &[&Group]) -> Option<String> {
    let word = |row: usize| security_word(rows.text(trial::SECURITY_2018, row), rows.text(trial::SECURITY_2024, row));
    let found = groups.iter().flat_map(|group| &group.rows).any(|row| word(*row).starts_with("insecure"));
    found.then(|| "insecure parameters among them".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows;

    const TRIALS: &str = "trial_id,status,network,width,dataset,activation,model,weights,ensemble,clusters,cluster_mode,accuracy,accuracy_images,latency_seconds_median\n\
        a,ok,resnet20,16,cifar10,herpn,x_seed0,trained,1,64,slice,0.90,10000,5\n\
        b,ok,resnet20,16,cifar10,herpn,x_seed0+y_seed0,trained,2,64,joint,0.91,10000,9\n\
        c,ok,resnet20,16,cifar10,herpn,x_seed0+y_seed0+x_seed0+y_seed0,trained,4,64,joint,0.92,10000,18\n";

    #[test]
    fn seconds_do_not_depend_on_weights_and_accuracies_do() {
        let rows = rows(TRIALS);
        let lengths = |quantity| {
            let charts = ENSEMBLE.charts(&rows, quantity).unwrap();
            assert_eq!(charts.len(), 1);
            charts[0].series.iter().map(|series| series.points.iter().map(|point| point.x).collect()).collect()
        };
        let latency: Vec<Vec<f64>> = lengths(Quantity::Latency);
        assert_eq!(latency, [[1.0, 2.0, 4.0]]);
        // One member of two recipes is no point of the line of both.
        let accuracy: Vec<Vec<f64>> = lengths(Quantity::Accuracy);
        assert_eq!(accuracy, [[2.0, 4.0]]);
        assert_eq!(ENSEMBLE.charts(&rows, Quantity::Latency).unwrap()[0].series[0].name, "measured");
        assert!(CLUSTERS.charts(&rows, Quantity::Latency).unwrap_err().contains("several values of `clusters`"));
    }
}
