//! The points of accuracy against latency: what was measured, and published systems.

use super::palette::{BLUE, GREY, VERMILLION};
use super::plot::{Form, Marker};
use crate::report::columns::trial;
use crate::report::groups::Group;
use crate::report::published::{Clock, Published};
use crate::report::rows::Rows;
use crate::report::security;
use crate::report::trade_off::{Point, TradeOff};
use crate::report::words;

/// A point that the key explains.
#[derive(Debug, Clone, PartialEq)]
pub struct Spot {
    /// Number or letter beside it; empty: it has none.
    pub label: String,
    /// Seconds.
    pub latency: f64,
    /// Percent; none: the source states no accuracy.
    pub accuracy: Option<f64>,
    /// Ends of the error bar.
    pub bar: Option<(f64, f64)>,
    /// Its sign.
    pub marker: Marker,
    /// What the key says.
    pub words: String,
    /// What its sign means.
    pub kind: String,
}

/// Sign of what is on the front.
pub const ON_FRONT: Marker = Marker { form: Form::Disc, colour: BLUE, hollow: false };

/// Sign of what is secure and not on the front.
const SECURE: Marker = ON_FRONT.hollow();

/// Sign of what is never on the front.
const INSECURE: Marker = Marker { form: Form::Cross, colour: BLUE, hollow: false };

/// Settings that are said even where all points share them.
const SHARED: [&str; 3] = [trial::NETWORK, trial::WIDTH, trial::THREADS];

/// Those of them that all points share, in words.
#[must_use]
pub fn shared(rows: &Rows, groups: &[&Group]) -> String {
    let differing = words::differing(rows, groups, &[]);
    let names: Vec<&str> = SHARED.into_iter().filter(|name| !differing.contains(name)).collect();
    groups.first().map(|group| words::settings(rows, group, &names)).unwrap_or_default()
}

/// What was measured, with an accuracy of `floor` or more, fastest first; letters only if they are at most so many.
#[must_use]
pub fn measured(rows: &Rows, trade_off: &TradeOff, floor: f64, lettered: usize) -> Vec<Spot> {
    let points = || trade_off.points.iter().filter(|point| point.latency.mean > 0.0 && point.accuracy.mean >= floor);
    let groups: Vec<&Group> = points().map(|point| &point.group).collect();
    let differing = words::differing(rows, &groups, &[trial::DATASET]);
    let sources = trade_off.points.iter().any(|point| point.source != trade_off.points[0].source);
    let letters = groups.len() <= lettered;
    let spot = |(place, point): (usize, &Point)| {
        let row = point.group.first();
        // What all share stands in the second line; one point alone says it here.
        let named: &[&str] = if differing.is_empty() { &SHARED } else { &differing };
        let mut parts = vec![words::settings(rows, &point.group, named)];
        if sources {
            parts.push(point.source.words());
        }
        let (marker, kind) = match (point.insecure, point.on_front) {
            (true, _) => {
                parts.push(security::word(rows, row).to_owned());
                (INSECURE, "measured, insecure: never on the front")
            }
            (false, true) => (ON_FRONT, "measured, on the Pareto front"),
            (false, false) => (SECURE, "measured, not on the front"),
        };
        parts.retain(|part| !part.is_empty());
        Spot {
            label: if letters { letter(place) } else { String::new() },
            latency: point.latency.mean,
            accuracy: Some(point.accuracy.mean),
            bar: point.accuracy.bar(),
            marker,
            words: parts.join(", "),
            kind: kind.to_owned(),
        }
    };
    points().enumerate().map(spot).collect()
}

/// Published systems on a data set: numbered, first those that state an accuracy.
#[must_use]
pub fn published(all: &[Published], dataset: &str) -> Vec<Spot> {
    let here =
        |stated: bool| all.iter().filter(move |one| one.dataset == dataset && one.accuracy_percent.is_some() == stated);
    let timed = here(true).chain(here(false)).filter_map(|one| Some((one, one.latency_seconds?)));
    timed.enumerate().map(|(place, (one, latency))| spot(one, latency, place + 1)).collect()
}

fn spot(one: &Published, latency: f64, number: usize) -> Spot {
    let batch = one.images.filter(|images| *images > 1);
    let mut words = format!("{} {}, {}", one.system, one.year, one.network);
    if one.clock() == Clock::Gpu {
        words += ", GPU";
    }
    if let Some(threads) = one.threads {
        words += &format!(", {}", words::setting(trial::THREADS, &threads.to_string()));
    }
    if let Some(images) = batch {
        words += &format!(", {images} images at once");
        if let Some(seconds) = one.amortised_seconds {
            words += &format!(", {seconds} s each");
        }
    }
    if one.accuracy_percent.is_none() {
        words += &format!(": {latency} s");
    }
    let (mut marker, mut kind) = (sign(one.clock()), format!("published: {}", one.clock().words()));
    if batch.is_some() {
        marker.form = Form::Wedge;
        kind += ", of all images of a batch";
    }
    Spot { label: number.to_string(), latency, accuracy: one.accuracy_percent, bar: None, marker, words, kind }
}

/// A, B, C ...
fn letter(place: usize) -> String {
    char::from(b'A' + (place % 26) as u8).to_string()
}

const fn sign(clock: Clock) -> Marker {
    match clock {
        Clock::OneThread => Marker { form: Form::Square, colour: VERMILLION, hollow: false },
        Clock::SeveralThreads => Marker { form: Form::Square, colour: VERMILLION, hollow: true },
        Clock::Gpu => Marker { form: Form::Diamond, colour: VERMILLION, hollow: true },
        Clock::Unknown => Marker { form: Form::Triangle, colour: GREY, hollow: true },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::published;

    #[test]
    fn systems_without_an_accuracy_are_numbered_and_batches_have_a_sign_of_their_own() {
        let all = super::published(&published::published().unwrap(), "CIFAR-10");
        let of = |system: &str| all.iter().find(|spot| spot.words.starts_with(system)).unwrap();
        assert_eq!(of("Cheddar").words, "Cheddar 2025, ResNet-20, GPU: 1.05 s");
        assert_eq!((of("Cheddar").accuracy, of("FHEON").accuracy), (None, Some(92.2)));
        assert!(of("AutoFHE").words.ends_with("96 threads, 96 images at once, 75 s each"), "{:?}", of("AutoFHE"));
        assert_eq!((of("AutoFHE").marker.form, of("ACE").marker.form), (Form::Wedge, Form::Square));
        let numbers: Vec<usize> = all.iter().map(|spot| spot.label.parse().unwrap()).collect();
        assert_eq!(numbers, (1..=all.len()).collect::<Vec<_>>());
    }
}
