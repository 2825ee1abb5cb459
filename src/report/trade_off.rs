//! Accuracy against latency: what was measured here, and which of it nothing else beats in both.

use std::collections::HashMap;

use super::columns::{Accuracy, ENCRYPTED, SIMULATED, trial};
use super::groups::{By, Configuration, Group, Spread, accuracy, best_accuracy, configuration, groups, latency};
use super::rows::Rows;

/// One configuration that has both.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Its timed trials.
    pub group: Group,
    /// Percent; of the same weights in another layout, if that is of more images.
    pub accuracy: Spread,
    /// What the accuracy is a share of.
    pub images: u64,
    /// Seconds of an evaluation.
    pub latency: Spread,
    /// Whether no other configuration of its data set is both more accurate and faster.
    pub on_front: bool,
}

/// The points of one data set.
#[derive(Debug, Clone, PartialEq)]
pub struct TradeOff {
    /// The data set, as rows name it.
    pub dataset: String,
    /// Which accuracy it is.
    pub kind: Accuracy,
    /// The points, fastest first.
    pub points: Vec<Point>,
}

/// Settings that change how an answer is computed and not what it should be.
pub const LAYOUT: [&str; 3] = [trial::LAYOUT, trial::CONVOLUTION, trial::BATCH];

/// The most images that an accuracy under encryption, real or simulated, is of.
fn most_images(rows: &Rows, group: &Group) -> u64 {
    let images = [ENCRYPTED, SIMULATED].map(|kind| accuracy(rows, group, kind).map_or(0, |(_, images)| images));
    images.into_iter().max().unwrap_or(0)
}

/// Accuracy against latency for every data set.
#[must_use]
pub fn trade_offs(rows: &Rows) -> Vec<TradeOff> {
    let by = |without: &[&str]| -> HashMap<Configuration, Group> {
        let all = groups(rows, By::Answer, without, |row| rows.is_trained(row));
        all.into_iter().map(|group| (configuration(rows, group.first(), By::Answer, without), group)).collect()
    };
    let (exact, elsewhere) = (by(&[]), by(&LAYOUT));
    let timed = groups(rows, By::Speed, &[], |row| rows.is_trained(row) && rows.number(trial::LATENCY, row).is_some());
    let mut datasets: Vec<&str> = timed.iter().map(|group| rows.text(trial::DATASET, group.first())).collect();
    datasets.sort_unstable();
    datasets.dedup();
    // Another layout has other noise, and what it says of more images is worth more than what this one says of a few.
    let answers = |group: &Group| {
        let of = |without: &[&str]| configuration(rows, group.first(), By::Answer, without);
        let images = |group: &&Group| most_images(rows, group);
        exact.get(&of(&[])).into_iter().chain(elsewhere.get(&of(&LAYOUT))).rev().max_by_key(images)
    };
    let of_dataset = |dataset: &str| {
        let here: Vec<&Group> =
            timed.iter().filter(|group| rows.text(trial::DATASET, group.first()) == dataset).collect();
        let kind = best_accuracy(rows, here.iter().filter_map(|group| answers(group)));
        let point = |group: &&Group| {
            let (accuracy, images) = accuracy(rows, answers(group)?, kind)?;
            Some(Point { group: (*group).clone(), accuracy, images, latency: latency(rows, group)?, on_front: false })
        };
        let mut points: Vec<Point> = here.iter().filter_map(point).collect();
        mark_front(&mut points);
        TradeOff { dataset: dataset.to_owned(), kind, points }
    };
    datasets.into_iter().map(of_dataset).filter(|trade_off| !trade_off.points.is_empty()).collect()
}

/// Sorts by latency and marks the points that no faster one matches in accuracy.
fn mark_front(points: &mut [Point]) {
    points.sort_by(|a, b| a.latency.mean.total_cmp(&b.latency.mean).then(b.accuracy.mean.total_cmp(&a.accuracy.mean)));
    let mut best = f64::NEG_INFINITY;
    for point in points {
        point.on_front = point.accuracy.mean > best;
        best = best.max(point.accuracy.mean);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows;

    #[test]
    fn the_front_is_what_nothing_beats_in_both() {
        let rows = rows(
            "trial_id,status,dataset,clusters,threads,accuracy,accuracy_images,latency_seconds_median\n\
             a,ok,cifar10,8,1,0.80,100,1\nb,ok,cifar10,16,1,0.75,100,2\nc,ok,cifar10,32,1,0.9,100,3\nd,ok,cifar10,64,1,0.9,100,4\n\
             e,ok,cifar100,64,1,,,4\n",
        );
        let all = trade_offs(&rows);
        assert_eq!(all.len(), 1, "a data set without accuracies has no point");
        let front: Vec<bool> = all[0].points.iter().map(|point| point.on_front).collect();
        assert_eq!((all[0].dataset.as_str(), front), ("cifar10", vec![true, false, true, false]));
    }
}
