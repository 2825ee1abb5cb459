//! Accuracy and latency against one setting: the number of clusters K, or of models M.

use super::palette::SERIES;
use super::plot::{Axis, Chart, ChartPoint, Reference, Scale, Series};
use crate::report::columns::{Accuracy, trial};
use crate::report::groups::{By, Group, Spread, accuracy, best_accuracy, groups, groups_among, latency};
use crate::report::rows::Rows;
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

impl Against {
    /// The charts, one for each network and data set (several, if there are more series than colours), or why there is none.
    ///
    /// # Errors
    /// The rows do not have the setting, or not the quantity.
    pub fn charts(self, rows: &Rows, quantity: Quantity) -> Result<Vec<Chart>, String> {
        let by = if quantity == Quantity::Accuracy { By::Answer } else { By::Speed };
        let known = |row: usize| match quantity {
            Quantity::Accuracy => rows.is_trained(row),
            Quantity::Latency => rows.number(trial::LATENCY, row).is_some(),
        };
        if (0..rows.len()).all(|row| self.value(rows, row).is_none()) {
            return Err(format!("no trial has the setting `{}`", self.setting));
        }
        let lines = groups(rows, by, &[self.setting], known);
        let panels = panels(rows, lines);
        let several = panels.len() > 1;
        let charts: Vec<Chart> = panels.iter().flat_map(|panel| self.panel(rows, quantity, panel, several)).collect();
        let missing = || match quantity {
            Quantity::Accuracy => format!("no trial of trained weights with a `{}` has an accuracy", self.setting),
            Quantity::Latency => format!("no trial with a `{}` was encrypted", self.setting),
        };
        if charts.is_empty() { Err(missing()) } else { Ok(charts) }
    }

    /// The setting of a trial as a number.
    fn value(self, rows: &Rows, row: usize) -> Option<f64> {
        rows.number(self.setting, row).filter(|value| Some(*value) != self.off)
    }

    fn panel(self, rows: &Rows, quantity: Quantity, lines: &[Group], several: bool) -> Vec<Chart> {
        let kind = best_accuracy(rows, lines.iter());
        let point = |group: &Group| match quantity {
            Quantity::Accuracy => accuracy(rows, group, kind).map(|(spread, _)| spread),
            Quantity::Latency => latency(rows, group),
        };
        let (mut drawn, mut references): (Vec<Line<'_>>, Vec<(&Group, Spread)>) = (Vec::new(), Vec::new());
        for line in lines {
            let by = if quantity == Quantity::Accuracy { By::Answer } else { By::Speed };
            let mut points: Vec<(f64, Spread)> = Vec::new();
            for group in groups_among(rows, by, &[], line.rows.iter().copied()) {
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
        if drawn.is_empty() {
            return Vec::new();
        }
        // Without the setting there is no M to draw; a reference makes sense for K alone.
        if self.off.is_some() {
            references.clear();
        }
        references.truncate(REFERENCES);
        let lines_across: Vec<&Group> = references.iter().map(|(group, _)| *group).collect();
        let telling = words::differing(rows, &lines_across, &[self.setting, trial::NETWORK, trial::DATASET]);
        let everything: Vec<&Group> = drawn.iter().map(|(group, _)| *group).collect();
        let differing = words::differing(rows, &everything, &[self.setting, trial::NETWORK, trial::DATASET]);
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
            parts.extend(images.map(|images| format!("{images} images")));
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
