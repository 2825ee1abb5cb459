//! The lines of a chart against one setting, and what they are set against.

use super::plot::Reference;
use crate::network::cluster::ClusterMode;
use crate::report::columns::{Accuracy, CLEAR, trial};
use crate::report::groups::{By, Group, configurations, groups_among};
use crate::report::measures::{FEWEST_IMAGES, accuracy, latency};
use crate::report::rows::{Rows, VARIANT};
use crate::report::spread::Spread;
use crate::report::words;

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

impl Against {
    /// The setting of a trial as a number.
    pub fn value(self, rows: &Rows, row: usize) -> Option<f64> {
        rows.number(self.setting, row).filter(|value| Some(*value) != self.off)
    }
}

/// What stands on the upright axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Percent of images that are right.
    Accuracy,
    /// Seconds of an evaluation.
    Latency,
}

impl Quantity {
    /// Part of the file's name.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accuracy => "accuracy",
            Self::Latency => "latency",
        }
    }

    /// What its trials are grouped by, where an accuracy is of this kind: in the clear nothing of an encryption changes it.
    pub fn by(self, kind: Accuracy) -> By {
        match self {
            Self::Accuracy if kind == CLEAR => By::Network,
            Self::Accuracy => By::Answer,
            Self::Latency => By::Speed,
        }
    }

    /// What is not grouped by: seconds do not depend on which weights they are.
    pub const fn without(self) -> &'static [&'static str] {
        match self {
            Self::Accuracy => &[],
            Self::Latency => &[trial::MODEL, VARIANT],
        }
    }
}

/// Most references of a chart.
const REFERENCES: usize = 3;

/// In what a reference without clusters may differ from a line with them, besides the number of clusters.
const OF_CLUSTERING: [&str; 2] = [trial::CLUSTER_MODE, trial::CLUSTER_METHOD];

/// What a configuration says.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// Its trials.
    pub group: Group,
    /// What they say.
    pub spread: Spread,
    /// Of how many images; none: seconds.
    pub images: Option<u64>,
}

/// Trials that differ in the setting alone, and what they say at each of its values.
#[derive(Debug, Clone, PartialEq)]
pub struct Line {
    /// A configuration with the settings of all.
    pub group: Group,
    /// The values, from left to right.
    pub points: Vec<(f64, Value)>,
}

impl Line {
    /// Whether it is more than a point, or several at one value.
    pub fn has_several_values(&self) -> bool {
        self.points.windows(2).any(|pair| pair[0].0 < pair[1].0)
    }
}

/// What is drawn for a network on a data set.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Lines {
    /// The lines.
    pub lines: Vec<Line>,
    /// What does not depend on the setting.
    pub references: Vec<Value>,
    /// How many of these there are besides.
    pub further_references: usize,
}

impl Lines {
    /// The lines against a setting. Trials in one group of `groups` differ in `untold` alone.
    #[must_use]
    pub fn of(
        rows: &Rows,
        against: Against,
        quantity: Quantity,
        kind: Accuracy,
        groups: &[Group],
        untold: &[&'static str],
    ) -> Self {
        let value = |group: Group| {
            let (spread, images) = match quantity {
                Quantity::Accuracy => accuracy(rows, &group, kind)
                    .filter(|(_, images)| *images >= FEWEST_IMAGES)
                    .map(|(it, n)| (it, Some(n))),
                Quantity::Latency => latency(rows, &group).map(|it| (it, None)),
            }?;
            Some(Value { group, spread, images })
        };
        let repeated: Vec<&str> = untold.iter().copied().filter(|name| *name != against.setting).collect();
        let mut found = Self::default();
        for line in groups {
            let mut points: Vec<(f64, Value)> = Vec::new();
            // Joint slices of one member are slices; its other modes are another clustering.
            let joint = |row: &usize| {
                let mode = rows.text(trial::CLUSTER_MODE, *row);
                against.value(rows, *row).is_some() || mode.is_empty() || mode == ClusterMode::Slice.as_str()
            };
            let of_line = line.rows.iter().copied().filter(|row| !untold.contains(&trial::CLUSTER_MODE) || joint(row));
            for group in groups_among(rows, quantity.by(kind), &repeated, &of_line.collect::<Vec<_>>()) {
                let at = against.value(rows, group.first()).or(against.off);
                match (value(group), at) {
                    (Some(value), Some(at)) => points.push((at, value)),
                    (Some(value), None) => found.references.push(value),
                    (None, _) => {}
                }
            }
            points.sort_by(|a, b| a.0.total_cmp(&b.0));
            if points.iter().any(|(value, _)| Some(*value) != against.off) {
                found.lines.push(Line { group: line.clone(), points });
            }
        }
        // A reference is what a line would be without clusters: everything else is the same, but for how it convolves.
        let beside = [untold, &OF_CLUSTERING, &[trial::CONVOLUTION]].concat();
        let configurations = configurations(rows, quantity.by(kind), &beside);
        let alike = |group: &Group| configurations[group.first()];
        let drawn: Vec<usize> = found.lines.iter().map(|line| alike(&line.group)).collect();
        // Without the setting there is no M to draw.
        found.references.retain(|value| against.off.is_none() && drawn.contains(&alike(&value.group)));
        found.further_references = found.references.len().saturating_sub(REFERENCES);
        found.references.truncate(REFERENCES);
        found
    }

    /// The configurations of all values.
    #[must_use]
    pub fn groups(&self) -> Vec<&Group> {
        let points = self.lines.iter().flat_map(|line| &line.points).map(|(_, value)| &value.group);
        points.chain(self.references.iter().map(|value| &value.group)).collect()
    }

    /// All values.
    pub fn values(&self) -> impl Iterator<Item = &Value> + Clone {
        self.lines.iter().flat_map(|line| &line.points).map(|(_, value)| value).chain(&self.references)
    }

    /// The settings by which lines and references are told apart.
    #[must_use]
    pub fn telling(&self, rows: &Rows, untold: &[&str]) -> Vec<&'static str> {
        let lines: Vec<&Group> = self.lines.iter().map(|line| &line.group).collect();
        let all: Vec<&Group> = lines.iter().copied().chain(self.references.iter().map(|value| &value.group)).collect();
        let between_lines = words::differing(rows, &lines, untold);
        // That a reference has no mode of clustering is no news.
        let new = |name: &&'static str| !OF_CLUSTERING.contains(name) || between_lines.contains(name);
        words::differing(rows, &all, untold).into_iter().filter(new).collect()
    }

    /// The references by value: those of the same value are one line.
    #[must_use]
    pub fn references(&self, rows: &Rows, telling: &[&str]) -> Vec<Reference> {
        let mut merged: Vec<Reference> = Vec::new();
        for value in &self.references {
            let settings = words::settings(rows, &value.group, telling);
            let same = |known: &&mut Reference| (known.y - value.spread.mean).abs() < 1e-9;
            match merged.iter_mut().find(same) {
                Some(known) => known.name += &format!("; {settings}"),
                None => {
                    let name = if settings.is_empty() { String::new() } else { format!(", {settings}") };
                    merged.push(Reference { name: format!("no clustering{name}"), y: value.spread.mean });
                }
            }
        }
        merged
    }
}
