//! Accuracy against latency: what was measured here, and which of it nothing else beats in both.

use std::collections::{BTreeSet, HashMap};

use super::columns::{Accuracy, CLEAR, ENCRYPTED, SIMULATED, trial};
use super::groups::{By, Group, by_modulus, configurations, groups};
use super::measures::{FEWEST_IMAGES, accuracy, agreement, card_accuracy, latency, seconds_per_image};
use super::rows::Rows;
use super::security;
use super::spread::Spread;
use super::words;

/// What an accuracy was measured on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// So many images of these rows.
    Images(Accuracy, u64),
    /// So many images of the same network in another layout.
    ElsewhereImages(Accuracy, u64),
    /// The whole test set in the clear, as the card of the weights states it.
    Card,
}

impl Source {
    /// In words.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::Images(kind, images) => words::count(images as usize, &format!("{} image", kind.word)),
            Self::ElsewhereImages(kind, images) => {
                words::count(images as usize, &format!("{} image", kind.word)) + " in another layout"
            }
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
    /// The points, by seconds of an image; none: [`no_points`].
    pub points: Vec<Point>,
    /// Timed configurations of trained weights that have no accuracy of enough images.
    pub without: usize,
}

/// Settings that change how an answer is computed and not what it should be.
pub const LAYOUT: [&str; 4] = [trial::LAYOUT, trial::CONVOLUTION, trial::BATCH, trial::TILES];

/// The share of a configuration's own images that have the class of clear text, below which clear text does not speak for it.
const AGREEING: f64 = 0.9;

/// What the cards say of weights as they were trained: one model, unclustered.
fn as_trained(rows: &Rows, group: &Group) -> Option<Spread> {
    let plain = [trial::CLUSTERS, trial::ENSEMBLE].iter().all(|name| rows.text(name, group.first()).is_empty());
    card_accuracy(rows, group).filter(|_| plain)
}

/// Why there is no point.
#[must_use]
pub fn no_points() -> String {
    format!("no configuration of trained weights has both seconds and an accuracy of {FEWEST_IMAGES} images or more")
}

/// Accuracy against latency for every data set that has seconds, or why there is no point at all.
///
/// # Errors
/// No configuration of trained weights has seconds and an accuracy of enough images.
pub fn trade_offs(rows: &Rows) -> Result<Vec<TradeOff>, String> {
    // The groups of trained weights by the number of their configuration, and that number for every row.
    let by = |by, without: &[&str]| {
        let numbers = configurations(rows, by, without);
        let all = groups(rows, by, without, |row| rows.is_trained(row));
        let groups: HashMap<usize, Group> = all.into_iter().map(|group| (numbers[group.first()], group)).collect();
        (numbers, groups)
    };
    // Another layout has other noise, and what it says of more images is worth more than what this one says of a few; so is clear text.
    let (network, elsewhere, exact) = (by(By::Network, &[]), by(By::Answer, &LAYOUT), by(By::Answer, &[]));
    // Whose rows, of what kind, and whether they are the configuration's own.
    let answers = [
        (&network, CLEAR, false),
        (&elsewhere, SIMULATED, false),
        (&exact, SIMULATED, true),
        (&elsewhere, ENCRYPTED, false),
        (&exact, ENCRYPTED, true),
    ];
    let timed = groups(rows, By::Speed, &[], |row| rows.is_trained(row) && rows.number(trial::LATENCY, row).is_some());
    let timed = by_modulus(rows, timed);
    let datasets: BTreeSet<String> = timed.iter().map(|group| rows.text(trial::DATASET, group.first())).collect();
    let accuracy = |group: &Group| {
        let agrees = agreement(rows, group).is_none_or(|share| share >= AGREEING);
        // Nothing else speaks for what gives other classes.
        let speaking = answers.iter().filter(|(.., own)| agrees || *own);
        let accuracies = speaking.filter_map(|((numbers, groups), kind, own)| {
            Some((accuracy(rows, groups.get(&numbers[group.first()])?, *kind)?, *kind, *own))
        });
        // That of the most images, of equally many the last one: the configuration's own, if it has as many.
        match accuracies.max_by_key(|((_, images), ..)| *images).filter(|((_, images), ..)| *images >= FEWEST_IMAGES) {
            Some(((accuracy, images), kind, own)) if own || kind == CLEAR => {
                Some((accuracy, Source::Images(kind, images)))
            }
            Some(((accuracy, images), kind, _)) => Some((accuracy, Source::ElsewhereImages(kind, images))),
            None => as_trained(rows, group).filter(|_| agrees).map(|accuracy| (accuracy, Source::Card)),
        }
    };
    let of_dataset = |dataset: String| {
        let here: Vec<&Group> =
            timed.iter().filter(|group| rows.text(trial::DATASET, group.first()) == dataset).collect();
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
    let all: Vec<TradeOff> = datasets.into_iter().map(of_dataset).collect();
    if all.iter().all(|trade_off| trade_off.points.is_empty()) { Err(no_points()) } else { Ok(all) }
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
        let others = all[1..].iter().map(|other| (other.dataset.as_str(), other.points.len(), other.without));
        assert_eq!(others.collect::<Vec<_>>(), [("cifar100", 0, 1)], "a data set without accuracies has no point");
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

    #[test]
    fn every_point_has_the_accuracy_of_the_most_images() {
        // One configuration has a few encrypted images and all in the clear, one all encrypted and in the clear, one all in the clear.
        let rows = rows(
            "trial_id,status,clusters,log_n,accuracy,accuracy_images,clear_accuracy,clear_accuracy_images,latency_seconds_median\n\
             a,ok,8,15,0.95,200,0.90,10000,1\nb,ok,16,15,0.91,10000,0.92,10000,2\nc,ok,32,15,1,2,1,2,3\nd,ok,32,,,,0.93,10000,\n",
        );
        let trade_off = &trade_offs(&rows).unwrap()[0];
        assert_eq!((trade_off.points.len(), trade_off.without), (3, 0));
        let found: Vec<(f64, Source)> = trade_off.points.iter().map(|it| (it.accuracy.mean, it.source)).collect();
        let expected = [(90.0, CLEAR), (91.0, ENCRYPTED), (93.0, CLEAR)];
        for ((mean, source), (percent, kind)) in found.into_iter().zip(expected) {
            assert!((mean - percent).abs() < 1e-9);
            assert_eq!(source, Source::Images(kind, 10_000));
        }
    }

    #[test]
    fn another_layout_speaks_for_what_gives_the_same_classes_and_is_told() {
        let rows = rows(
            "trial_id,status,layout,backend,accuracy,accuracy_images,agreement,latency_seconds_median\n\
             a,ok,packed,encrypted,0.92,1000,1,5\nb,ok,tiled,encrypted,0.94,50,0.98,9\nc,ok,channel,encrypted,0.1,500,0.1,2\n",
        );
        let points = &trade_offs(&rows).unwrap()[0].points;
        let found: Vec<(f64, Source)> =
            points.iter().map(|point| (point.accuracy.mean.round(), point.source)).collect();
        let expected = [
            (10.0, Source::Images(ENCRYPTED, 500)),
            (92.0, Source::Images(ENCRYPTED, 1000)),
            (92.0, Source::ElsewhereImages(ENCRYPTED, 1000)),
        ];
        assert_eq!(found, expected);
        assert_eq!(points[2].source.words(), "1000 encrypted images in another layout");
    }

    #[test]
    fn images_and_not_trials_agree_with_clear_text() {
        let header = "trial_id,status,backend,seed,images,agreement,latency_seconds_median,card_accuracy\n";
        let many = "b,ok,encrypted,2,199,1,5,0.91\n";
        let all = trade_offs(&rows(&format!("{header}a,ok,encrypted,1,1,0,5,0.91\n{many}"))).unwrap();
        assert_eq!(all[0].points[0].source, Source::Card);
        // A tenth of the images and more have other classes.
        assert!(trade_offs(&rows(&format!("{header}a,ok,encrypted,1,100,0.5,5,0.91\n{many}"))).is_err());
    }

    #[test]
    fn clear_text_does_not_speak_for_what_gives_other_classes() {
        let rows = rows(
            "trial_id,status,scale_bits,backend,accuracy,accuracy_images,clear_accuracy,clear_accuracy_images,agreement,\
             latency_seconds_median,card_accuracy\n\
             a,ok,22,encrypted,0.95,20,0.9,20,0.95,2,0.91\nb,ok,12,encrypted,0.1,20,0.9,20,0.1,1,0.91\n\
             c,ok,13,encrypted,0.2,200,0.9,200,0.2,1,0.91\nd,ok,,clear,,,0.93,10000,,,\n",
        );
        let trade_off = &trade_offs(&rows).unwrap()[0];
        let found: Vec<f64> = trade_off.points.iter().map(|point| point.accuracy.mean.round()).collect();
        assert_eq!((found, trade_off.without), (vec![20.0, 93.0], 1));
    }
}
