//! Levels with every optimisation, and what each of them saves: stacked bars.

use std::collections::BTreeSet;

use plotters::style::{RGBColor, WHITE};

use super::palette::{BLUE, GREEN, INK, ORANGE, PURPLE, SKY, VERMILLION};
use super::plot::{Anchor, Axis, Drawing, Label, Legend, Sheet, Sign};
use crate::report::columns::{SIZES, trial};
use crate::report::groups::{By, Group, groups};
use crate::report::rows::Rows;
use crate::report::security::insecure;
use crate::report::words;

/// Which optimisations are on, in the order in which they are switched off.
type Switches = [bool; 3];

/// Setting, what it saves, and its values that mean on; a setting that is not there is on.
const SWITCHES: [(&str, &str, &[&str]); 3] = [
    (trial::TOWER_REUSE, "saved by tower reuse", &["", "true", "on"]),
    (trial::ACTIVATION_FORM, "saved by weight redistribution", &["", "square", "monic"]),
    (trial::NODE_FUSING, "saved by node fusing", &["", "true", "on"]),
];

/// Everything on, then one after the other off.
const PATH: [Switches; 4] = [[true, true, true], [false, true, true], [false, false, true], [false, false, false]];

/// A bar: segments from bottom to top.
#[derive(Debug, Clone, PartialEq)]
struct Bar {
    name: String,
    segments: Vec<(String, f64)>,
    /// Whether the last one is without any optimisation.
    complete: bool,
}

/// The figure.
#[derive(Debug, Clone, PartialEq)]
pub struct LevelsByOptimisation {
    bars: Vec<Bar>,
    subtitle: String,
}

/// Colours on which white is easier to read than black.
const DARK: [RGBColor; 3] = [BLUE, GREEN, VERMILLION];

/// What the first segment is.
const BASE: &str = "with every optimisation";

impl LevelsByOptimisation {
    /// The figure, or why there is none.
    ///
    /// # Errors
    /// No network has levels with everything on and with something off.
    pub fn of(rows: &Rows) -> Result<Self, String> {
        let names = SWITCHES.map(|(name, _, _)| name);
        let without = [
            &names[..],
            &SIZES,
            &[trial::CLUSTERS, trial::CLUSTER_MODE, trial::CLUSTER_METHOD, trial::ENSEMBLE, trial::BATCH, trial::LOG_N],
        ]
        .concat();
        let kept = groups(rows, By::Answer, &without, |row| rows.number(trial::LEVELS, row).is_some());
        let mut bars: Vec<Bar> = Vec::new();
        let mut used: Vec<Vec<usize>> = Vec::new();
        for group in &kept {
            let on = |row: usize| SWITCHES.map(|(name, _, values)| values.contains(&rows.text(name, row).as_str()));
            let levels = |wanted: Switches| {
                let row = group.rows.iter().copied().find(|row| on(*row) == wanted)?;
                Some((row, rows.number(trial::LEVELS, row)?))
            };
            let known: Vec<(usize, usize, f64)> = PATH
                .iter()
                .enumerate()
                .filter_map(|(step, wanted)| levels(*wanted).map(|(row, levels)| (step, row, levels)))
                .collect();
            if known.len() < 2 || known[0].0 != 0 {
                continue;
            }
            let mut segments = vec![(BASE.to_owned(), known[0].2)];
            for pair in known.windows(2) {
                let saved: Vec<&str> = SWITCHES[pair[0].0..pair[1].0].iter().map(|(_, words, _)| *words).collect();
                segments.push((saved.join(" and ").replace(" and saved by", " and"), pair[1].2 - pair[0].2));
            }
            let row = group.first();
            let name = format!("{} w{}", words::network(&rows.text(trial::NETWORK, row)), rows.text(trial::WIDTH, row));
            let bar = Bar { name, segments, complete: known.last().is_some_and(|it| it.0 + 1 == PATH.len()) };
            let rows = known.iter().map(|(_, row, _)| *row).collect();
            // One bar for each name, the one that is known furthest.
            match bars.iter().position(|there| there.name == bar.name) {
                None => {
                    bars.push(bar);
                    used.push(rows);
                }
                Some(there) if used[there].len() < known.len() => {
                    bars[there] = bar;
                    used[there] = rows;
                }
                Some(_) => {}
            }
        }
        if bars.is_empty() {
            let wanted = names.map(|name| format!("`{name}`")).join(", ");
            return Err(format!("no network has its levels with {wanted} on and, one after the other, off"));
        }
        let subtitle = subtitle(rows, &bars, &used);
        Ok(Self { bars, subtitle })
    }

    /// Names of segments in order, with their colours.
    fn kinds(&self) -> Vec<(&str, RGBColor)> {
        const COLOURS: [RGBColor; 6] = [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILLION];
        let mut kinds: Vec<&str> = Vec::new();
        for (name, _) in self.bars.iter().flat_map(|bar| &bar.segments) {
            if !kinds.contains(&name.as_str()) {
                kinds.push(name);
            }
        }
        kinds.into_iter().zip(COLOURS.into_iter().cycle()).collect()
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        // The key has the order of the bar: from top to bottom.
        for (name, colour) in self.kinds().into_iter().rev() {
            legend.push(Sign::Area(colour), name);
        }
        legend
    }

    fn axes(&self) -> (Axis, Axis) {
        let names: Vec<String> = self.bars.iter().map(|bar| bar.name.clone()).collect();
        let totals = self.bars.iter().map(|bar| bar.segments.iter().map(|(_, levels)| levels).sum());
        // The totals above the bars need room.
        let highest = totals.fold(0.0, f64::max) * 1.08;
        (Axis::names("network and width", &names), Axis::from_zero("levels (rescales)", [highest]))
    }

    /// The figure as it is drawn.
    #[must_use]
    pub fn drawing(&self) -> Drawing {
        let (x, y) = self.axes();
        let sheet = Sheet::new(TITLE, &self.subtitle, &y, HEIGHT, self.legend());
        let (mut drawing, frame) = sheet.framed(&x, &y);
        let kinds = self.kinds();
        for (place, bar) in self.bars.iter().enumerate() {
            let mut below = 0.0;
            for (name, levels) in &bar.segments {
                let colour = kinds.iter().find(|(kind, _)| kind == name).map_or(INK, |(_, colour)| *colour);
                let ends = (frame.at(place as f64 - HALF, below), frame.at(place as f64 + HALF, below + levels));
                if let (Some(low), Some(high)) = ends {
                    drawing.area([(low.0, high.1), (high.0, low.1)], colour);
                    if low.1 - high.1 >= f64::from(NUMBER) {
                        let ink = if DARK.contains(&colour) { WHITE } else { INK };
                        let number = Label::new(format!("{levels:.0}"), NUMBER, Anchor::Centre);
                        let middle = (low.0.midpoint(high.0), low.1.midpoint(high.1));
                        drawing.text(middle, Label { colour: ink, ..number });
                    }
                }
                below += levels;
            }
            if let Some((middle, top)) = frame.at(place as f64, below) {
                drawing.number((middle, top - 10.0), Label::new(format!("{below:.0}"), NUMBER, Anchor::Centre));
            }
        }
        drawing
    }
}

/// Heading.
const TITLE: &str = "Levels, and what each optimisation saves";

/// Height of the frame.
const HEIGHT: u32 = 340;

/// Size of the numbers.
const NUMBER: u32 = 14;

/// Half the width of a bar, as a share of what a network has.
const HALF: f64 = 0.26;

/// What one must know: where the path ends, and what else than an optimisation its trials differ in.
fn subtitle(rows: &Rows, bars: &[Bar], used: &[Vec<usize>]) -> String {
    let end = if bars.iter().all(|bar| bar.complete) {
        "without any"
    } else if bars.iter().any(|bar| bar.complete) {
        "without those named in the bar, which are not always all"
    } else {
        "without those named in the bar, which are not all"
    };
    let mut parts = vec![
        "optimisations switched off one after the other, from the bottom to the top".to_owned(),
        format!("the number above is {end}"),
    ];
    let sizes: Vec<String> = SIZES.iter().filter_map(|name| other_sizes(rows, name, used)).collect();
    if !sizes.is_empty() {
        parts.push(format!("some above the lowest segment have {}", sizes.join(", ")));
    }
    let trials: Vec<Group> = used.iter().flatten().map(|row| Group { rows: vec![*row] }).collect();
    parts.extend(insecure(rows, &trials.iter().collect::<Vec<_>>()));
    parts.join("; ")
}

/// `scale bits 30.0 instead of 22.0` where a size changes along the path; none: it does not.
fn other_sizes(rows: &Rows, name: &str, used: &[Vec<usize>]) -> Option<String> {
    let usual: BTreeSet<String> = used.iter().map(|trials| rows.text(name, trials[0])).collect();
    let all = used.iter().flatten().map(|row| rows.text(name, *row));
    let others: BTreeSet<String> = all.filter(|value| !usual.contains(value)).collect();
    let list = |values: &BTreeSet<String>| values.iter().cloned().collect::<Vec<_>>().join(" or ");
    (!others.is_empty()).then(|| format!("{} {} instead of {}", name.replace('_', " "), list(&others), list(&usual)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows;

    #[test]
    fn segments_are_differences_along_the_path() {
        let header = "trial_id,status,network,width,node_fusing,activation_form,tower_reuse,levels_used\n";
        let trials = rows(&format!(
            "{header}a,ok,resnet20,16,true,square,true,20\nb,ok,resnet20,16,true,square,false,39\nc,ok,resnet20,16,true,full,false,58\n\
             d,ok,resnet20,16,false,full,false,77\ne,ok,resnet18,64,true,square,true,18\nf,ok,resnet18,64,true,full,false,50\n"
        ));
        let figure = LevelsByOptimisation::of(&trials).unwrap();
        let levels = |bar: usize| figure.bars[bar].segments.iter().map(|(_, levels)| *levels).collect::<Vec<_>>();
        assert_eq!((levels(0), levels(1)), (vec![20.0, 19.0, 19.0, 19.0], vec![18.0, 32.0]));
        assert_eq!(figure.bars[1].segments[1].0, "saved by tower reuse and weight redistribution");
        assert!(
            figure.subtitle.ends_with("the number above is without those named in the bar, which are not always all")
        );
        let trials = rows(&format!("{header}a,ok,resnet20,16,true,square,true,20\n"));
        assert!(LevelsByOptimisation::of(&trials).unwrap_err().contains("`tower_reuse`"));
    }

    #[test]
    fn the_second_line_says_what_else_differs() {
        let trials = rows(
            "trial_id,status,network,width,tower_reuse,scale_bits,levels_used,security_2018,security_2024\n\
             a,ok,resnet20,16,true,22.0,20,secure,secure\nb,ok,resnet20,16,false,30.0,39,insecure,insecure\n",
        );
        let subtitle = LevelsByOptimisation::of(&trials).unwrap().subtitle;
        for part in ["those named in the bar, which are not all;", "have scale bits 30.0 instead of 22.0", "insecure: "]
        {
            assert!(subtitle.contains(part), "{part}: {subtitle}");
        }
        assert!(!subtitle.contains("without any"), "{subtitle}");
    }
}
