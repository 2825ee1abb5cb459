//! Accuracy against latency: what was measured here, and which of it nothing else beats in both.

use std::collections::{BTreeSet, HashMap};

use super::columns::{Accuracy, ENCRYPTED, SIMULATED, trial};
use super::groups::{By, Group, configurations, groups};
use super::measures::{FEWEST_IMAGES, accuracy, best_accuracy, card_accuracy, latency, seconds_per_image};
use super::rows::Rows;
use super::security;
use super::spread::Spread;
use super::words;

/// What an accuracy was measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// So many images of these rows.
    Images(Accuracy, u64),
    /// The whole test set in the clear, as the card of the weights states it.
    Card,
}

impl Source {
    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Images(kind, images) => words::count(images as usize, &format!("{} image", kind.word)),
            Self::Card => "the whole test set in the clear (card of the weights)".to_owned(),
        }
    }
}

/// One configuration that has both.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Its timed trials.
    pub group: Group,
    /// Percent; of the same weights in another layout, if that is of more images.
    pub accuracy: Spread,
    /// What the accuracy was measured on.
    pub source: Source,
    /// Seconds of an evaluation.
    pub latency: Spread,
    /// Seconds of an image.
    pub per_image: Spread,
    /// Whether those are a batch's seconds over its images, which nobody waits for.
    pub batched: bool,
    /// Whether its parameters are over a line of security.
    pub insecure: bool,
    /// Whether it is secure and no other secure configuration of its data set is both more accurate and faster; single images and
    /// batches are compared among themselves.
    pub on_front: bool,
}

/// The points of one data set.
#[derive(Debug, Clone, PartialEq)]
pub struct TradeOff {
    /// The data set, as rows name it.
    pub dataset: String,
    /// The points, by seconds of an image.
    pub points: Vec<Point>,
    /// Timed configurations of trained weights that have no accuracy of enough images.
    pub without: usize,
}

/// Settings that change how an answer is computed and not what it should be.
pub const LAYOUT: [&str; 3] = [trial::LAYOUT, trial::CONVOLUTION, trial::BATCH];

/// The most images that an accuracy under encryption, real or simulated, is of.
fn most_images(rows: &Rows, group: &Group) -> u64 {
    let images = [ENCRYPTED, SIMULATED].map(|kind| accuracy(rows, group, kind).map_or(0, |(_, images)| images));
    images.into_iter().max().unwrap_or(0)
}

/// What the cards say of weights as they were trained: one model, unclustered.
fn as_trained(rows: &Rows, group: &Group) -> Option<Spread> {
    let plain = [trial::CLUSTERS, trial::ENSEMBLE].iter().all(|name| rows.text(name, group.first()).is_empty());
    card_accuracy(rows, group).filter(|_| plain)
}

/// Accuracy against latency for every data set, or why there is none.
///
/// # Errors
/// No configuration of trained weights has seconds and an accuracy of enough images.
pub fn trade_offs(rows: &Rows) -> Result<Vec<TradeOff>, String> {
    // The groups of trained weights by the number of their configuration, and that number for every row.
    let by = |without: &[&str]| {
        let numbers = configurations(rows, By::Answer, without);
        let all = groups(rows, By::Answer, without, |row| rows.is_trained(row));
        let groups: HashMap<usize, Group> = all.into_iter().map(|group| (numbers[group.first()], group)).collect();
        (numbers, groups)
    };
    let (exact, elsewhere) = (by(&[]), by(&LAYOUT));
    let timed = groups(rows, By::Speed, &[], |row| rows.is_trained(row) && rows.number(trial::LATENCY, row).is_some());
    let datasets: BTreeSet<String> = timed.iter().map(|group| rows.text(trial::DATASET, group.first())).collect();
    // Another layout has other noise, and what it says of more images is worth more than what this one says of a few.
    let answers = |group: &Group| {
        let of =
            |(numbers, groups): &'_ (Vec<usize>, HashMap<usize, Group>)| groups.get(&numbers[group.first()]).cloned();
        [of(&elsewhere), of(&exact)].into_iter().flatten().max_by_key(|group| most_images(rows, group))
    };
    let of_dataset = |dataset: String| {
        let here: Vec<&Group> =
            timed.iter().filter(|group| rows.text(trial::DATASET, group.first()) == dataset).collect();
        let answering: Vec<Group> = here.iter().filter_map(|group| answers(group)).collect();
        let kind = best_accuracy(rows, answering.iter());
        let accuracy = |group: &Group| {
            let measured = answers(group).and_then(|answers| accuracy(rows, &answers, kind));
            match measured.filter(|(_, images)| *images >= FEWEST_IMAGES) {
                Some((accuracy, images)) => Some((accuracy, Source::Images(kind, images))),
                None => as_trained(rows, group).map(|accuracy| (accuracy, Source::Card)),
            }
        };
        let point = |group: &&Group| {
            let (accuracy, source) = accuracy(group)?;
            let (latency, (per_image, batched)) = (latency(rows, group)?, seconds_per_image(rows, group)?);
            let insecure = group.rows.iter().any(|row| security::is_insecure(rows, *row));
            let group = (*group).clone();
            Some(Point { group, accuracy, source, latency, per_image, batched, insecure, on_front: false })
        };
        let mut points: Vec<Point> = here.iter().filter_map(point).collect();
        mark_front(&mut points);
        TradeOff { dataset, without: here.len() - points.len(), points }
    };
    let all: Vec<TradeOff> =
        datasets.into_iter().map(of_dataset).filter(|trade_off| !trade_off.points.is_empty()).collect();
    if all.is_empty() {
        return Err(format!(
            "no configuration of trained weights has both seconds and an accuracy of {FEWEST_IMAGES} images or more"
        ));
    }
    Ok(all)
}

/// Sorts by seconds of an image and marks the secure points that no faster one of their kind matches in accuracy.
fn mark_front(points: &mut [Point]) {
    let seconds = |point: &Point| point.per_image.mean;
    points.sort_by(|a, b| seconds(a).total_cmp(&seconds(b)).then(b.accuracy.mean.total_cmp(&a.accuracy.mean)));
    for batched in [false, true] {
        let mut best = f64::NEG_INFINITY;
        for point in points.iter_mut().filter(|point| !point.insecure && point.batched == batched) {
            point.on_front = point.accuracy.mean > best;
            best = best.max(point.accuracy.mean);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows;

    fn front(trade_off: &TradeOff) -> Vec<bool> {
        trade_off.points.iter().map(|point| point.on_front).collect()
    }

    #[test]
    fn the_front_is_what_nothing_beats_in_both() {
        let rows = rows(
            "trial_id,status,dataset,clusters,threads,accuracy,accuracy_images,latency_seconds_median\n\
             a,ok,cifar10,8,1,0.80,100,1\nb,ok,cifar10,16,1,0.75,100,2\nc,ok,cifar10,32,1,0.9,100,3\nd,ok,cifar10,64,1,0.9,100,4\n\
             e,ok,cifar100,64,1,,,4\n",
        );
        let all = trade_offs(&rows).unwrap();
        assert_eq!(all.len(), 1, "a data set without accuracies has no point");
        assert_eq!((all[0].dataset.as_str(), front(&all[0])), ("cifar10", vec![true, false, true, false]));
    }

    #[test]
    fn single_images_and_batches_have_fronts_of_their_own() {
        let rows = rows(
            "trial_id,status,dataset,layout,threads,accuracy,accuracy_images,latency_seconds_median,amortised_seconds_median\n\
             a,ok,cifar10,packed,1,0.91,100,5,5\nb,ok,cifar10,packed,2,0.90,100,8,8\nc,ok,cifar10,tiled,1,0.92,100,80,0.3\n",
        );
        let trade_off = &trade_offs(&rows).unwrap()[0];
        let seconds: Vec<(f64, bool)> = trade_off.points.iter().map(|at| (at.per_image.mean, at.batched)).collect();
        assert!((seconds[0].0 - 0.3).abs() < 1e-9 && seconds[0].1 && trade_off.points[0].latency.mean == 80.0);
        assert_eq!(seconds[1..], [(5.0, false), (8.0, false)]);
        assert_eq!(front(trade_off), [true, true, false], "a batch takes nobody's place");
    }

    #[test]
    fn what_is_insecure_is_never_on_the_front() {
        let rows = rows(
            "trial_id,status,log_n,accuracy,accuracy_images,latency_seconds_median,security_2018,security_2024\n\
             a,ok,14,0.9,100,1,secure,insecure\nb,ok,15,0.9,100,2,secure,secure\n",
        );
        let all = trade_offs(&rows).unwrap();
        assert_eq!((all[0].points[0].insecure, front(&all[0])), (true, vec![false, true]));
    }

    #[test]
    fn a_few_images_give_way_to_the_card() {
        let header = "trial_id,status,clusters,accuracy,accuracy_images,latency_seconds_median,card_accuracy\n";
        let clustered = rows(&format!("{header}a,ok,64,1,2,5,0.9\n"));
        assert!(trade_offs(&clustered).unwrap_err().contains("100 images or more"));
        let all = trade_offs(&rows(&format!("{header}a,ok,64,1,2,5,0.9\nb,ok,,1,2,4,0.9\n"))).unwrap();
        assert_eq!((all[0].without, all[0].points.len(), all[0].points[0].source), (1, 1, Source::Card));
        assert!((all[0].points[0].accuracy.mean - 90.0).abs() < 1e-9);
    }
}
