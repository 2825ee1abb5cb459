//! What the trials of a configuration say together: accuracy, seconds.

use std::collections::HashSet;

use super::columns::{Accuracy, CLEAR, ENCRYPTED, SIMULATED, trial};
use super::groups::Group;
use super::rows::{LABEL, Rows};
use super::spread::Spread;
use crate::dataset::TEST_IMAGES;
use crate::experiment::evaluate::wilson;
use crate::experiment::records::TrialRow;

/// Fewest images whose share is drawn as an accuracy: the 95 % interval of fewer is wider than most differences between systems.
pub const FEWEST_IMAGES: u64 = 100;

/// What a group says about a column.
#[must_use]
pub fn spread(rows: &Rows, group: &Group, column: &str) -> Option<Spread> {
    let values: Vec<f64> = group.rows.iter().filter_map(|row| rows.number(column, *row)).collect();
    Spread::of(&values)
}

/// The mean of a column over the trials of a group.
#[must_use]
pub fn mean(rows: &Rows, group: &Group, column: &str) -> Option<f64> {
    spread(rows, group, column).map(|it| it.mean)
}

/// The share of a group's images that have the class of clear text; a trial that does not say how many counts as one.
#[must_use]
pub fn agreement(rows: &Rows, group: &Group) -> Option<f64> {
    let known = group.rows.iter().filter_map(|row| {
        Some((rows.number(trial::AGREEMENT, *row)?, rows.number(trial::IMAGES, *row).unwrap_or(1.0)))
    });
    let (agreeing, images) = known.fold((0.0, 0.0), |sum, (share, images)| (sum.0 + share * images, sum.1 + images));
    (images > 0.0).then(|| agreeing / images)
}

/// The trials of a group that its seconds are of: those with most evaluations, since one cold image says less than the median
/// of twenty. Where one does not say how many, as older rows do not, all that have seconds.
#[must_use]
pub fn timed(rows: &Rows, group: &Group) -> Vec<usize> {
    let evaluations = |row: &usize| rows.number(trial::EVALUATIONS, *row).map(|count| count as u64);
    let has_seconds = |row: &usize| rows.number(trial::LATENCY, *row).is_some();
    let timed: Vec<usize> = group.rows.iter().copied().filter(has_seconds).collect();
    let known: Option<Vec<u64>> = timed.iter().map(evaluations).collect();
    let most = known.and_then(|counts| counts.into_iter().max());
    timed.into_iter().filter(|row| most.is_none() || evaluations(row) == most).collect()
}

/// The seconds of an evaluation, of the trials with most evaluations; the ends for a single trial are its quartiles.
#[must_use]
pub fn latency(rows: &Rows, group: &Group) -> Option<Spread> {
    let timed = Group { rows: timed(rows, group) };
    let spread = spread(rows, &timed, trial::LATENCY)?;
    let row = timed.first();
    match (rows.number(trial::LATENCY_LOW, row), rows.number(trial::LATENCY_HIGH, row)) {
        (Some(low), Some(high)) if spread.count == 1 => Some(spread.at_least((low, high))),
        _ => Some(spread),
    }
}

/// The seconds of an image, and whether they are those of a batch over its images; of the trials whose evaluations hold most images.
#[must_use]
pub fn seconds_per_image(rows: &Rows, group: &Group) -> Option<(Spread, bool)> {
    let share = |row: usize| {
        let of_evaluation = rows.number(trial::LATENCY, row)?;
        Some(rows.number(trial::AMORTISED, row).map_or(1.0, |of_image| of_image / of_evaluation))
    };
    let least = group.rows.iter().filter_map(|row| share(*row)).min_by(f64::total_cmp)?;
    let fullest = |row: &usize| share(*row).is_some_and(|share| share < 1.001 * least);
    let fullest = Group { rows: group.rows.iter().copied().filter(fullest).collect() };
    Some((latency(rows, &fullest)?.times(least), least < 0.999))
}

/// An accuracy in percent and the number of images of each trial; of the trials with most images. Its error bar is the wider of one
/// deviation over repetitions and the 95 % Wilson interval: what repeats the noise alone repeats the images, too. Repetitions are networks,
/// each with the mean over its noise, or the noise of one alone.
#[must_use]
pub fn accuracy(rows: &Rows, group: &Group, of: Accuracy) -> Option<(Spread, u64)> {
    let images = |row: usize| rows.number(of.images, row).unwrap_or(0.0) as u64;
    let known =
        || group.rows.iter().copied().filter(|row| rows.is_trained(*row) && rows.number(of.share, *row).is_some());
    let most = known().map(images).max()?;
    let chosen: Vec<usize> = known().filter(|row| images(*row) == most).collect();
    let spread = Spread::of(&repetitions(rows, &chosen, of))?;
    let row = *chosen.first()?;
    let recorded = rows.number(of.low, row).zip(rows.number(of.high, row)).filter(|_| spread.count == 1);
    let interval = recorded.or_else(|| wilson((spread.mean * most as f64).round() as usize, most as usize));
    Some((interval.map_or(spread, |ends| spread.at_least(ends)).times(100.0), most))
}

/// The shares of networks, with what clustered them, or, where there is one alone, those under its noise. Trials of the same images, noise
/// and network are one: they may differ in threads, which repeats nothing; in the clear there is no noise.
fn repetitions(rows: &Rows, chosen: &[usize], of: Accuracy) -> Vec<f64> {
    let networks =
        rows.alike(chosen, &[LABEL, "cluster_seed", "clustering_seed", "training_seed", TrialRow::weights_seed.name]);
    let noise = [trial::DATASET_SHA256, trial::SEED];
    let noise = if of == CLEAR { &noise[..1] } else { &noise[..] };
    let shares = |network: &Vec<usize>| -> Vec<f64> {
        rows.alike(network, noise).iter().filter_map(|same| rows.number(of.share, same[0])).collect()
    };
    match networks.as_slice() {
        [network] => shares(network),
        several => {
            several.iter().filter_map(|network| Spread::of(&shares(network))).map(|spread| spread.mean).collect()
        }
    }
}

/// Of the rows with an accuracy as trained, by a card or by `leveled evaluate`, one for each network: that of the most images.
#[must_use]
pub fn as_trained(rows: &Rows, among: impl Iterator<Item = usize>) -> Vec<usize> {
    let images = |row: &usize| card_images(rows, *row) as u64;
    let known: Vec<usize> = among.filter(|row| rows.number(trial::CARD_ACCURACY, *row).is_some()).collect();
    let networks = rows.alike(&known, &[LABEL]);
    let mut chosen: Vec<usize> =
        networks.iter().filter_map(|rows| rows.iter().rev().copied().max_by_key(images)).collect();
    chosen.sort_unstable();
    chosen
}

/// Likewise of the networks of a group, whatever rows say it: one network has one accuracy as trained.
fn as_trained_of(rows: &Rows, group: &Group) -> Vec<usize> {
    let networks: HashSet<String> = group.rows.iter().map(|row| rows.text(LABEL, *row)).collect();
    as_trained(rows, (0..rows.len()).filter(|row| networks.contains(&rows.text(LABEL, *row))))
}

/// The images that an accuracy as trained is of: a card speaks of the whole test set.
#[must_use]
pub fn card_images(rows: &Rows, row: usize) -> f64 {
    rows.number(trial::CARD_IMAGES, row).unwrap_or(TEST_IMAGES as f64)
}

/// The fewest images that an accuracy of [`card_accuracy`] is of; none: all are of the whole test set.
#[must_use]
pub fn fewest_card_images(rows: &Rows, group: &Group) -> Option<f64> {
    as_trained_of(rows, group)
        .into_iter()
        .map(|row| card_images(rows, row))
        .filter(|images| *images < TEST_IMAGES as f64)
        .min_by(f64::total_cmp)
}

/// The accuracy in percent that the cards of the weights state for the whole test set, each network once.
#[must_use]
pub fn card_accuracy(rows: &Rows, group: &Group) -> Option<Spread> {
    let percent = |row: usize| Some(100.0 * rows.number(trial::CARD_ACCURACY, row)?);
    Spread::of(&as_trained_of(rows, group).into_iter().filter_map(percent).collect::<Vec<_>>())
}

/// The accuracies to show for several groups together, best first: the encrypted or the simulated one, whichever is of more images; in the
/// clear where neither is of enough. The others are for what the first one says nothing of.
#[must_use]
pub fn accuracies_by_choice<'g>(rows: &Rows, groups: impl Iterator<Item = &'g Group> + Clone) -> [Accuracy; 3] {
    let total = |of| {
        let images = groups.clone().filter_map(|group| Some(accuracy(rows, group, of)?.1));
        let images: Vec<u64> = images.filter(|images| *images >= FEWEST_IMAGES).collect();
        images.iter().max().map(|most| (*most, images.len()))
    };
    match (total(ENCRYPTED), total(SIMULATED)) {
        (None, None) => [CLEAR, ENCRYPTED, SIMULATED],
        (encrypted, simulated) if encrypted >= simulated => [ENCRYPTED, SIMULATED, CLEAR],
        _ => [SIMULATED, ENCRYPTED, CLEAR],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows;

    const TRIALS: &str = "trial_id,status,model,seed,clusters,accuracy,accuracy_low,accuracy_high,accuracy_images,simulated_accuracy,simulated_accuracy_images,weights,latency_seconds_median,latency_seconds_quartile1,latency_seconds_quartile3,card_accuracy\n\
        a,ok,x_seed0,1,64,,,,,0.90,10000,trained,,,,0.91\n\
        b,ok,x_seed1,1,64,,,,,0.92,10000,trained,,,,0.93\n\
        c,ok,x_seed0,1,64,1,0.84,1,20,,,trained,8,7.5,9,0.91\n\
        d,ok,x_seed0,1,128,,,,,0.5,10000,random,8,,,\n\
        e,ok,x_seed0,1,256,,,,,0.9,200,trained,,,,\n\
        f,ok,x_seed0,2,256,,,,,0.9,200,trained,,,,\n";

    #[test]
    fn seconds_of_an_image_are_of_the_fullest_batches() {
        let rows = rows(
            "trial_id,status,images,latency_seconds_median,amortised_seconds_median\n\
             a,ok,256,45,0.17578125\nb,ok,3,45,15\nc,ok,256,47,0.18359375\n",
        );
        let (seconds, batched) = seconds_per_image(&rows, &Group { rows: vec![0, 1, 2] }).unwrap();
        assert!((seconds.mean - 46.0 / 256.0).abs() < 1e-9 && seconds.count == 2 && batched, "{seconds:?}");
        let (seconds, batched) = seconds_per_image(&rows, &Group { rows: vec![1] }).unwrap();
        assert!((seconds.mean - 15.0).abs() < 1e-9 && batched);
    }

    #[test]
    fn seconds_are_of_the_trials_with_most_evaluations() {
        let rows = rows(
            "trial_id,status,latency_seconds_median,latency_seconds_quartile1,latency_seconds_quartile3,latency_evaluations\n\
             a,ok,1.86,1.8,1.9,20\nb,ok,2.11,,,1\nc,ok,1.88,1.8,2,20\nd,ok,3.86,,,\n",
        );
        let of = |rows_of: &[usize]| latency(&rows, &Group { rows: rows_of.to_vec() }).unwrap();
        let one = of(&[1, 0]);
        assert_eq!((one.mean, one.low, one.high, one.count), (1.86, 1.8, 1.9, 1));
        let two = of(&[0, 1, 2]);
        assert!((two.mean - 1.87).abs() < 1e-9 && two.count == 2, "{two:?}");
        let unknown = of(&[0, 3]);
        assert!((unknown.mean - 2.86).abs() < 1e-9 && unknown.count == 2, "{unknown:?}");
    }

    #[test]
    fn one_network_under_two_names_is_one_repetition() {
        let rows = rows(
            "trial_id,status,model,model_sha256,simulated_accuracy,simulated_accuracy_images,card_accuracy\n\
             a,ok,x_seed0,11,0.9,200,0.9\nb,ok,x_seed1,11,0.9,200,0.9\nc,ok,x_seed2,22,0.8,200,0.8\n",
        );
        let all = Group { rows: vec![0, 1, 2] };
        for spread in [accuracy(&rows, &all, SIMULATED).unwrap().0, card_accuracy(&rows, &all).unwrap()] {
            assert!((spread.mean - 85.0).abs() < 1e-9 && spread.count == 2, "{spread:?}");
        }
    }

    #[test]
    fn repetitions_give_a_mean_with_a_bar() {
        let rows = rows(TRIALS);
        let group = |rows: &[usize]| Group { rows: rows.to_vec() };
        let (simulated, images) = accuracy(&rows, &group(&[0, 1, 2]), SIMULATED).unwrap();
        assert_eq!((simulated.count, images), (2, 10_000));
        assert!((simulated.mean - 91.0).abs() < 1e-9 && (simulated.deviation.unwrap() - 2f64.sqrt()).abs() < 1e-9);
        let (encrypted, _) = accuracy(&rows, &group(&[0, 1, 2]), ENCRYPTED).unwrap();
        assert_eq!((encrypted.low, encrypted.high, encrypted.deviation), (84.0, 100.0, None));
        assert!(accuracy(&rows, &group(&[3]), SIMULATED).is_none(), "random weights have no accuracy");
        assert_eq!(latency(&rows, &group(&[2])).map(|it| (it.low, it.mean, it.high)), Some((7.5, 8.0, 9.0)));
        assert_eq!(card_accuracy(&rows, &group(&[0, 1, 2])).map(|it| (it.mean, it.count)), Some((92.0, 2)));
    }

    #[test]
    fn other_noise_alone_leaves_the_interval_of_the_images() {
        let rows = rows(TRIALS);
        let (same, _) = accuracy(&rows, &Group { rows: vec![4, 5] }, SIMULATED).unwrap();
        assert_eq!((same.count, same.deviation), (2, Some(0.0)));
        assert!((same.low - 85.06).abs() < 0.01 && (same.high - 93.43).abs() < 0.01, "{same:?}");
    }

    #[test]
    fn noise_is_averaged_within_a_network_and_other_images_count() {
        let rows = rows(
            "trial_id,status,model,seed,dataset_sha256,simulated_accuracy,simulated_accuracy_images\n\
             a,ok,x_seed0,1,d,0.90,100\nb,ok,x_seed0,2,d,0.92,100\nc,ok,x_seed1,1,d,0.81,100\n\
             d,ok,x_seed0,1,d,0.90,100\ne,ok,x_seed0,1,e,0.60,100\n",
        );
        let of = |chosen: &[usize]| accuracy(&rows, &Group { rows: chosen.to_vec() }, SIMULATED).unwrap().0;
        let two = of(&[0, 1, 2]);
        assert!((two.mean - 86.0).abs() < 1e-9 && two.count == 2, "{two:?}");
        let one = of(&[0, 1, 3]);
        assert!((one.mean - 91.0).abs() < 1e-9 && one.count == 2, "{one:?}");
        let images = of(&[0, 4]);
        assert!((images.mean - 75.0).abs() < 1e-9 && images.count == 2, "{images:?}");
    }

    #[test]
    fn a_network_is_as_trained_once_and_of_the_most_images() {
        let rows = rows(
            "trial_id,status,model,model_sha256,card_accuracy,card_accuracy_images,weights\n\
             a,ok,x_seed0,11,0.88,200,trained\nb,ok,x_seed0.safetensors,11,0.91,,trained\n\
             c,ok,x_seed1,22,0.80,200,trained\nd,ok,x_seed1,22,0.93,10000,trained\n",
        );
        let all = Group { rows: vec![0, 1, 2, 3] };
        assert_eq!(card_accuracy(&rows, &all).map(|it| (it.mean, it.count)), Some((92.0, 2)));
    }

    #[test]
    fn noise_repeats_no_accuracy_in_the_clear() {
        let rows = rows(
            "trial_id,status,model,seed,cluster_seed,clear_accuracy,clear_accuracy_images,weights\n\
             a,ok,x,1,0,0.9,200,trained\nb,ok,x,2,0,0.9,200,trained\nc,ok,x,1,1,0.8,200,trained\n",
        );
        let clear = |rows_of: &[usize]| accuracy(&rows, &Group { rows: rows_of.to_vec() }, CLEAR).unwrap().0;
        assert_eq!((clear(&[0, 1]).count, clear(&[0, 1]).deviation, clear(&[0, 1, 2]).count), (1, None, 2));
    }

    #[test]
    fn a_few_images_are_no_accuracy_to_show() {
        let rows = rows(TRIALS);
        assert_eq!(accuracies_by_choice(&rows, [&Group { rows: vec![0, 1, 2] }].into_iter())[0], SIMULATED);
        assert_eq!(accuracies_by_choice(&rows, [&Group { rows: vec![2] }].into_iter())[0], CLEAR);
    }
}
