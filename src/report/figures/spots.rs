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
    /// Seconds of an image.
    pub seconds: f64,
    /// Percent; none: the source states no accuracy.
    pub accuracy: Option<f64>,
    /// Ends of the error bar.
    pub bar: Option<(f64, f64)>,
    /// Whether the seconds are those of a batch over its images.
    pub batched: bool,
    /// Whether it is on a Pareto front.
    pub on_front: bool,
    /// Its sign.
    pub marker: Marker,
    /// What the key says.
    pub words: String,
    /// What its sign means.
    pub kind: String,
}

/// Sign of single images.
const SINGLE: Marker = Marker { form: Form::Disc, colour: BLUE, hollow: false };

/// Form of the signs of batches.
const BATCH: Form = Form::Wedge;

/// Sign of what is never on a front.
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

/// The points that are drawn: those with an accuracy of `floor` or more.
#[must_use]
pub fn visible(trade_off: &TradeOff, floor: f64) -> Vec<&Point> {
    let is_visible = |point: &&Point| point.per_image.mean > 0.0 && point.accuracy.mean >= floor;
    trade_off.points.iter().filter(is_visible).collect()
}

/// What was measured at these points; letters only if they are at most so many.
#[must_use]
pub fn measured(rows: &Rows, visible: &[&Point], lettered: usize) -> Vec<Spot> {
    let groups: Vec<&Group> = visible.iter().map(|point| &point.group).collect();
    let differing = words::differing(rows, &groups, &[trial::DATASET]);
    let sources = visible.iter().any(|point| point.source != visible[0].source);
    let letters = groups.len() <= lettered;
    let spot = |(place, point): (usize, &&Point)| {
        let row = point.group.first();
        // What all share stands in the second line; one point alone says it here.
        let named: &[&str] = if differing.is_empty() { &SHARED } else { &differing };
        let mut parts = vec![words::settings(rows, &point.group, named)];
        if sources {
            parts.push(point.source.words());
        }
        let of = if point.batched { "batches, seconds over their images" } else { "one image" };
        let own = if point.batched { Marker { form: BATCH, ..SINGLE } } else { SINGLE };
        let (marker, kind) = match (point.insecure, point.on_front) {
            (true, _) => {
                parts.push(security::word(rows, row).to_owned());
                (INSECURE, "measured, insecure: never on a front".to_owned())
            }
            (false, true) => (own, format!("measured, {of}: the Pareto front")),
            (false, false) => (own.hollow(), format!("measured, {of}: not on the front")),
        };
        parts.retain(|part| !part.is_empty());
        Spot {
            label: if letters { letter(place) } else { String::new() },
            seconds: point.per_image.mean,
            accuracy: Some(point.accuracy.mean),
            bar: point.accuracy.bar(),
            batched: point.batched,
            on_front: point.on_front,
            marker,
            words: parts.join(", "),
            kind,
        }
    };
    visible.iter().enumerate().map(spot).collect()
}

/// Published systems on a data set: numbered, first those that state an accuracy.
#[must_use]
pub fn published(all: &[Published], dataset: &str) -> Vec<Spot> {
    let here =
        |stated: bool| all.iter().filter(move |one| one.dataset == dataset && one.accuracy_percent.is_some() == stated);
    let timed = here(true).chain(here(false)).filter_map(|one| Some((one, one.seconds_per_image()?)));
    timed.enumerate().map(|(place, (one, seconds))| spot(one, seconds, place + 1)).collect()
}

fn spot(one: &Published, seconds: f64, number: usize) -> Spot {
    let batched = one.is_batched();
    let mut words = format!("{} {}, {}", one.system, one.year, one.network);
    if one.clock() == Clock::Gpu {
        words += ", GPU";
    }
    if let Some(threads) = one.threads {
        words += &format!(", {}", words::setting(trial::THREADS, &threads.to_string()));
    }
    if let Some(images) = one.images.filter(|_| batched) {
        words += &format!(", {images} images at once");
        if let Some(seconds) = one.latency_seconds {
            words += &format!(" in {seconds} s");
        }
    }
    if one.accuracy_percent.is_none() {
        words += &format!(": {seconds} s");
    }
    let (mut marker, mut kind) = (sign(one.clock()), format!("published: {}", one.clock().words()));
    if batched {
        marker.form = BATCH;
        kind += ", of a batch over its images";
    }
    Spot {
        label: number.to_string(),
        seconds,
        accuracy: one.accuracy_percent,
        bar: None,
        batched,
        on_front: false,
        marker,
        words,
        kind,
    }
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
        assert!(of("AutoFHE").words.ends_with("96 threads, 96 images at once in 7191 s"), "{:?}", of("AutoFHE"));
        assert_eq!((of("AutoFHE").seconds, of("AutoFHE").batched, of("ACE").batched), (75.0, true, false));
        assert_eq!((of("AutoFHE").marker.form, of("ACE").marker.form), (Form::Wedge, Form::Square));
        let numbers: Vec<usize> = all.iter().map(|spot| spot.label.parse().unwrap()).collect();
        assert_eq!(numbers, (1..=all.len()).collect::<Vec<_>>());
    }
}
