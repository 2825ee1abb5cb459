//! Trials of the same configuration, and what they say together.

use std::collections::HashMap;

use super::columns::{Accuracy, CLEAR, ENCRYPTED, SIMULATED, SPEED_ONLY, trial};
use super::rows::Rows;

/// Trials that differ only in what repeats a measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Their rows, at least one.
    pub rows: Vec<usize>,
}

impl Group {
    /// A row whose settings are those of all.
    #[must_use]
    pub fn first(&self) -> usize {
        self.rows[0]
    }
}

/// What the settings of a group are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// All that can change an answer.
    Answer,
    /// And what changes seconds only.
    Speed,
}

/// What is the same for trials of the same configuration.
pub type Configuration = Vec<u32>;

/// The configuration of a trial, but for the settings in `without`.
#[must_use]
pub fn configuration(rows: &Rows, row: usize, by: By, without: &[&str]) -> Configuration {
    let told = |name: &str| !(without.contains(&name) || by == By::Answer && SPEED_ONLY.contains(&name));
    rows.codes().iter().filter(|(name, _)| told(name)).map(|(_, codes)| codes[row]).collect()
}

/// The rows that `keep` holds, by configuration, in the order of their first ones.
#[must_use]
pub fn groups(rows: &Rows, by: By, without: &[&str], keep: impl Fn(usize) -> bool) -> Vec<Group> {
    groups_among(rows, by, without, (0..rows.len()).filter(|row| keep(*row)))
}

/// These rows by configuration, in the order of their first ones.
#[must_use]
pub fn groups_among(rows: &Rows, by: By, without: &[&str], among: impl Iterator<Item = usize>) -> Vec<Group> {
    let mut places: HashMap<Configuration, usize> = HashMap::new();
    let mut groups: Vec<Group> = Vec::new();
    for row in among {
        let key = configuration(rows, row, by, without);
        let place = *places.entry(key).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.rows.push(row),
            None => groups.push(Group { rows: vec![row] }),
        }
    }
    groups
}

/// Several measurements of one quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation; none: there is one measurement.
    pub deviation: Option<f64>,
    /// How many they are.
    pub count: usize,
    /// Lower end of what an error bar shows.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Spread {
    /// One deviation around the mean of several measurements; `alone` gives the ends where there is only one. None: there is
    /// no measurement.
    #[must_use]
    pub fn of(values: &[f64], alone: Option<(f64, f64)>) -> Option<Self> {
        let count = values.len();
        let mean = values.iter().sum::<f64>() / count as f64;
        let squares = || values.iter().map(|value| (value - mean).powi(2)).sum::<f64>();
        match count {
            0 => None,
            1 => {
                let (low, high) = alone.unwrap_or((mean, mean));
                Some(Self { mean, deviation: None, count, low, high })
            }
            _ => {
                let deviation = (squares() / (count - 1) as f64).sqrt();
                Some(Self { mean, deviation: Some(deviation), count, low: mean - deviation, high: mean + deviation })
            }
        }
    }

    /// The same in other units.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            mean: self.mean * factor,
            deviation: self.deviation.map(|deviation| deviation * factor),
            low: self.low * factor,
            high: self.high * factor,
            ..self
        }
    }
}

/// What a group says about a column.
#[must_use]
pub fn spread(rows: &Rows, group: &Group, column: &str) -> Option<Spread> {
    let values: Vec<f64> = group.rows.iter().filter_map(|row| rows.number(column, *row)).collect();
    Spread::of(&values, None)
}

/// The seconds of an evaluation; the ends for a single trial are its quartiles.
#[must_use]
pub fn latency(rows: &Rows, group: &Group) -> Option<Spread> {
    let known = |row: &&usize| rows.number(trial::LATENCY, **row).is_some();
    let timed: Vec<usize> = group.rows.iter().filter(known).copied().collect();
    let values: Vec<f64> = timed.iter().filter_map(|row| rows.number(trial::LATENCY, *row)).collect();
    let quartiles = || {
        let row = *timed.first()?;
        Some((rows.number(trial::LATENCY_LOW, row)?, rows.number(trial::LATENCY_HIGH, row)?))
    };
    Spread::of(&values, quartiles())
}

/// An accuracy in percent and the number of images of each trial; of the trials with most images. The ends for a single trial are those of its
/// 95 % Wilson interval.
#[must_use]
pub fn accuracy(rows: &Rows, group: &Group, of: Accuracy) -> Option<(Spread, u64)> {
    let images = |row: usize| rows.number(of.images, row).unwrap_or(0.0) as u64;
    let known =
        || group.rows.iter().copied().filter(|row| rows.is_trained(*row) && rows.number(of.share, *row).is_some());
    let most = known().map(images).max()?;
    let chosen: Vec<usize> = known().filter(|row| images(*row) == most).collect();
    let values: Vec<f64> =
        distinct_repetitions(rows, &chosen).iter().filter_map(|row| rows.number(of.share, *row)).collect();
    let row = *chosen.first()?;
    let interval = rows.number(of.low, row).zip(rows.number(of.high, row));
    Some((Spread::of(&values, interval)?.times(100.0), most))
}

/// Of trials with the same weights and seeds one: they may differ in threads, which repeats nothing.
fn distinct_repetitions(rows: &Rows, chosen: &[usize]) -> Vec<usize> {
    let seeds = ["seed", "cluster_seed", "clustering_seed", "training_seed", "weights_seed"];
    let mut seen = std::collections::HashSet::new();
    let key = |row: usize| {
        let mut key = rows.text(trial::MODEL, row).to_owned();
        for seed in seeds {
            key.push('\u{1f}');
            key += rows.text(seed, row);
        }
        key
    };
    chosen.iter().copied().filter(|row| seen.insert(key(*row))).collect()
}

/// The accuracy to show for several groups together: the encrypted or the simulated one, whichever is of more images; in the clear where
/// there is neither.
#[must_use]
pub fn best_accuracy<'g>(rows: &Rows, groups: impl Iterator<Item = &'g Group> + Clone) -> Accuracy {
    let known =
        |of: Accuracy| groups.clone().filter_map(|group| Some(accuracy(rows, group, of)?.1)).collect::<Vec<_>>();
    let total = |of| {
        let images = known(of);
        images.iter().max().map(|most| (*most, images.len()))
    };
    match (total(ENCRYPTED), total(SIMULATED)) {
        (None, None) => CLEAR,
        (encrypted, simulated) if encrypted >= simulated => ENCRYPTED,
        _ => SIMULATED,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows;

    const TRIALS: &str = "trial_id,status,network,model,seed,threads,clusters,accuracy,accuracy_low,accuracy_high,accuracy_images,simulated_accuracy,simulated_accuracy_images,weights,latency_seconds_median,latency_seconds_quartile1,latency_seconds_quartile3\n\
        a,ok,resnet20,x_seed0,1,2,64,,,,,0.90,10000,trained,,,\n\
        b,ok,resnet20,x_seed1,1,2,64,,,,,0.92,10000,trained,,,\n\
        c,ok,resnet20,x_seed0,1,2,64,1,0.84,1,20,,,trained,8,7.5,9\n\
        d,ok,resnet20,x_seed0,1,1,64,,,,,,,trained,14,,\n\
        e,ok,resnet20,x_seed0,1,2,128,,,,,0.5,10000,random,8,,\n";

    #[test]
    fn repetitions_are_one_group_and_threads_matter_to_seconds_only() {
        let rows = rows(TRIALS);
        let by_answer = groups(&rows, By::Answer, &[], |_| true);
        assert_eq!(by_answer.iter().map(|group| group.rows.clone()).collect::<Vec<_>>(), [vec![0, 1, 2, 3], vec![4]]);
        assert_eq!(groups(&rows, By::Speed, &[], |_| true).len(), 3);
        // Random weights stay apart.
        assert_eq!(groups(&rows, By::Answer, &["clusters"], |_| true).len(), 2);
        let (simulated, images) = accuracy(&rows, &by_answer[0], SIMULATED).unwrap();
        assert_eq!((simulated.count, images), (2, 10_000));
        assert!((simulated.mean - 91.0).abs() < 1e-9 && (simulated.deviation.unwrap() - 2f64.sqrt()).abs() < 1e-9);
        let (encrypted, _) = accuracy(&rows, &by_answer[0], ENCRYPTED).unwrap();
        assert_eq!((encrypted.low, encrypted.high, encrypted.deviation), (84.0, 100.0, None));
        assert_eq!(best_accuracy(&rows, by_answer.iter()), SIMULATED);
        assert!(accuracy(&rows, &by_answer[1], SIMULATED).is_none(), "random weights have no accuracy");
        let timed = Group { rows: vec![2] };
        assert_eq!(latency(&rows, &timed).map(|it| (it.low, it.mean, it.high)), Some((7.5, 8.0, 9.0)));
        assert_eq!(best_accuracy(&rows, [&timed].into_iter()), ENCRYPTED);
    }
}
