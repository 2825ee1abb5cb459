//! Accuracy and latency against one setting: the number of clusters K, or of models M.

use std::collections::BTreeSet;

use super::lines::{Against, Line, Lines, Quantity, Value};
use super::plot::{Axis, Chart, ChartPoint, Marker, SERIES, Scale, Series};
use super::subtitle;
use crate::report::columns::{Accuracy, trial};
use crate::report::groups::{By, Group, groups_among};
use crate::report::measures::{FEWEST_IMAGES, accuracies_by_choice};
use crate::report::rows::Rows;
use crate::report::security::{insecure, is_insecure};
use crate::report::spread::Spread;
use crate::report::words;

/// K.
pub const CLUSTERS: Against =
    Against { word: "clusters", setting: trial::CLUSTERS, title: "number of clusters K (logarithmic)", off: None };

/// M.
pub const ENSEMBLE: Against = Against {
    word: "ensemble",
    setting: trial::ENSEMBLE,
    title: "number of models in the ensemble M (logarithmic)",
    off: Some(1.0),
};

impl Against {
    /// The charts, one for each network and data set (several, if there are more series than colours), and the names of those
    /// that are [`missing`](Self::missing) though trials have the setting; or why there is none at all.
    ///
    /// # Errors
    /// The rows do not have the setting, or not the quantity.
    pub fn charts(self, rows: &Rows, quantity: Quantity) -> Result<(Vec<Chart>, Vec<String>), String> {
        let known = |row: usize| match quantity {
            Quantity::Accuracy => rows.is_trained(row),
            Quantity::Latency => rows.number(trial::LATENCY, row).is_some(),
        };
        let swept = panels(rows, |row| self.value(rows, row).is_some());
        if swept.is_empty() {
            return Err(format!("no trial has the setting `{}`", self.setting));
        }
        let untold = self.untold(rows, quantity);
        let panels = panels(rows, known);
        let several = panels.len() > 1;
        let name = |panel: &[usize]| self.file_name(rows, quantity, panel[0], true, 0);
        let (mut charts, mut drawn): (Vec<Chart>, Vec<String>) = (Vec::new(), Vec::new());
        for panel in &panels {
            let of_panel = self.panel(rows, quantity, panel, several, &untold);
            drawn.extend((!of_panel.is_empty()).then(|| name(panel)));
            charts.extend(of_panel);
        }
        let missing = swept.iter().map(|panel| name(panel)).filter(|name| !drawn.contains(name)).collect();
        if charts.is_empty() { Err(self.missing(quantity)) } else { Ok((charts, missing)) }
    }

    /// Why there is no chart.
    #[must_use]
    pub fn missing(self, quantity: Quantity) -> String {
        match quantity {
            Quantity::Accuracy => {
                let what = format!("have an accuracy of {FEWEST_IMAGES} images or more");
                format!("no trials of trained weights with several values of `{}` {what}", self.setting)
            }
            Quantity::Latency => format!("no trials with several values of `{}` were encrypted", self.setting),
        }
    }

    /// What the trials of one line may differ in.
    fn untold(self, rows: &Rows, quantity: Quantity) -> Vec<&'static str> {
        let mut untold = [&[self.setting], quantity.without()].concat();
        let ensembles = (0..rows.len()).filter(|row| self.value(rows, *row).is_some());
        let modes = ensembles.map(|row| rows.text(trial::CLUSTER_MODE, row)).filter(|mode| !mode.is_empty());
        let modes: BTreeSet<String> = modes.collect();
        // One member has no joint slices, so its mode is another one than that of ensembles where those that are clustered have one alone.
        if self.setting == trial::ENSEMBLE && modes.len() == 1 {
            untold.push(trial::CLUSTER_MODE);
        }
        untold
    }

    fn panel(
        self,
        rows: &Rows,
        quantity: Quantity,
        among: &[usize],
        several: bool,
        untold: &[&'static str],
    ) -> Vec<Chart> {
        // Points that no line joins differ in more than the setting. A few simulated points do not take the place of a grid in the clear: most
        // points, then the earlier kind.
        let kinds = accuracies_by_choice(rows, groups_among(rows, By::Answer, untold, among).iter());
        let Some((kind, all)) = kinds
            .into_iter()
            .rev()
            .map(|kind| {
                let lines = groups_among(rows, quantity.by(kind), untold, among);
                (kind, Lines::of(rows, self, quantity, kind, &lines, untold))
            })
            .filter(|(_, all)| all.lines.iter().any(Line::has_several_values))
            .max_by_key(|(_, all)| all.lines.iter().map(|line| line.points.len()).sum::<usize>())
        else {
            return Vec::new();
        };
        let values = || all.lines.iter().flat_map(|line| &line.points).map(|(value, _)| *value);
        let told_elsewhere = [untold, &[trial::NETWORK, trial::DATASET], &quantity.by(kind).ignored()].concat();
        let telling = all.telling(rows, &told_elsewhere);
        let references = all.references(rows, &telling);
        let (y, below) = upright(quantity, kind, &all);
        let first = all.lines[0].group.first();
        let chunks = all.lines.chunks(SERIES.len() - references.len());
        let parts = chunks.len();
        chunks
            .enumerate()
            .map(|(part, chunk)| Chart {
                name: self.file_name(rows, quantity, first, several, part),
                title: self.heading(rows, quantity, first, part, parts),
                subtitle: self.subtitle(rows, (quantity, kind), &all, below.as_deref()),
                x: Axis::around(self.title, Scale::Log2, values()),
                y: y.clone(),
                series: chunk
                    .iter()
                    .enumerate()
                    .map(|(place, line)| {
                        // One line alone needs no key.
                        let unnamed = if references.is_empty() { "" } else { "with clusters" };
                        series(rows, line, &telling, unnamed, Marker::of_series(place))
                    })
                    .collect(),
                references: references.clone(),
                remarks: Vec::new(),
                height: 340,
            })
            .collect()
    }

    /// What one must know to read a chart.
    fn subtitle(self, rows: &Rows, (quantity, kind): (Quantity, Accuracy), all: &Lines, below: Option<&str>) -> String {
        let spreads: Vec<Spread> = all.values().map(|value| value.spread).collect();
        let lines: Vec<&Group> = all.lines.iter().map(|line| &line.group).collect();
        let groups = all.groups();
        let known = match quantity {
            Quantity::Accuracy => {
                [subtitle::images(all.values().filter_map(|value| value.images)), subtitle::accuracy_bars(&spreads)]
            }
            Quantity::Latency => [subtitle::evaluations(rows, &groups), subtitle::latency_bars(&spreads)],
        };
        let mut without = [&[self.setting][..], &quantity.by(kind).ignored()].concat();
        if self.setting == trial::ENSEMBLE {
            // One member has no joint slices, and a line from one member on has two modes.
            without.push(trial::CLUSTER_MODE);
        }
        let mut parts = vec![words::shared(rows, &lines, &without)];
        parts.extend(known.into_iter().flatten());
        parts.extend(below.map(str::to_owned));
        parts.extend(insecure(rows, &groups));
        if all.further_references > 0 {
            parts.push(format!("not drawn: {} without clusters", words::count(all.further_references, "line")));
        }
        parts.retain(|part| !part.is_empty());
        parts.join("; ")
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

/// Trials of the same network on the same data set.
fn panels(rows: &Rows, keep: impl Fn(usize) -> bool) -> Vec<Vec<usize>> {
    let kept: Vec<usize> = (0..rows.len()).filter(|row| keep(*row)).collect();
    rows.alike(&kept, &[trial::NETWORK, trial::WIDTH, trial::DATASET])
}

/// A line as it is drawn; `unnamed` if nothing tells it from others.
fn series(rows: &Rows, line: &Line, telling: &[&str], unnamed: &str, marker: Marker) -> Series {
    let point = |(x, value): &(f64, Value)| ChartPoint { x: *x, y: value.spread.mean, bar: value.spread.bar() };
    let settings = words::settings(rows, &line.group, telling);
    let mut name = if settings.is_empty() { unnamed.to_owned() } else { settings };
    if !name.is_empty() && line.group.rows.iter().all(|row| is_insecure(rows, *row)) {
        name += ", insecure";
    }
    Series { name, points: line.points.iter().map(point).collect(), marker }
}

/// Percentage points below the best accuracy within which differences are of interest.
const INTEREST: f64 = 10.0;

/// The accuracy from which on values are drawn: most of them are close to the best, and what is far below would leave them no room. None:
/// all are drawn.
fn floor(values: &[f64]) -> Option<f64> {
    let best = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let close: Vec<f64> = values.iter().copied().filter(|value| *value >= best - INTEREST).collect();
    let lowest = values.iter().copied().fold(f64::INFINITY, f64::min);
    let cut = close.len() * 2 >= values.len() && lowest < best - 2.0 * INTEREST;
    cut.then(|| close.into_iter().fold(best, f64::min))
}

/// The upright axis, and a remark on what lies below it.
fn upright(quantity: Quantity, kind: Accuracy, all: &Lines) -> (Axis, Option<String>) {
    let spreads = || all.values().map(|value| value.spread);
    match quantity {
        Quantity::Accuracy => {
            let means: Vec<f64> = spreads().map(|spread| spread.mean).collect();
            let floor = floor(&means).unwrap_or(f64::NEG_INFINITY);
            let drawn = spreads().filter(|spread| spread.mean >= floor);
            let ends = drawn.flat_map(|spread| [spread.low, spread.high, spread.mean]);
            let axis = Axis::around(format!("accuracy (%), {}", kind.word), Scale::Linear, ends).within(0.0, 100.0);
            let start = axis.start();
            let below = means.iter().filter(|mean| **mean < start).count();
            (axis, subtitle::cut(below, start))
        }
        Quantity::Latency => {
            let ends = spreads().flat_map(|spread| [spread.high, spread.mean]);
            (Axis::from_zero("latency of an evaluation (s)", ends), None)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows as read;

    const TRIALS: &str = "trial_id,status,network,width,dataset,activation,model,weights,ensemble,clusters,cluster_mode,accuracy,accuracy_images,latency_seconds_median\n\
        a,ok,resnet20,16,cifar10,herpn,x_seed0,trained,1,64,slice,0.90,10000,5\n\
        b,ok,resnet20,16,cifar10,herpn,x_seed0+y_seed0,trained,2,64,joint,0.91,10000,9\n\
        c,ok,resnet20,16,cifar10,herpn,x_seed0+y_seed0+x_seed0+y_seed0,trained,4,64,joint,0.92,10000,18\n";

    #[test]
    fn seconds_do_not_depend_on_weights_and_accuracies_do() {
        let rows = read(TRIALS);
        let lengths = |quantity| {
            let charts = ENSEMBLE.charts(&rows, quantity).unwrap().0;
            assert_eq!(charts.len(), 1);
            charts[0].series.iter().map(|series| series.points.iter().map(|point| point.x).collect()).collect()
        };
        let latency: Vec<Vec<f64>> = lengths(Quantity::Latency);
        assert_eq!(latency, [[1.0, 2.0, 4.0]]);
        // One member of two recipes is no point of the line of both.
        let accuracy: Vec<Vec<f64>> = lengths(Quantity::Accuracy);
        assert_eq!(accuracy, [[2.0, 4.0]]);
        // Full clusters of one member are no joint ones.
        let full = "f,ok,resnet20,16,cifar10,herpn,x_seed0,trained,1,64,full,0.80,10000,500\n";
        let chart = &ENSEMBLE.charts(&read(&format!("{TRIALS}{full}")), Quantity::Latency).unwrap().0[0];
        assert_eq!(chart.series[0].points.iter().map(|point| point.y).collect::<Vec<_>>(), [5.0, 9.0, 18.0]);
        // Ensembles without clusters have no mode, and are a line of their own.
        let without = "d,ok,resnet20,16,cifar10,herpn,x_seed0+y_seed0,trained,2,,slice,0.91,10000,9\n\
            e,ok,resnet20,16,cifar10,herpn,x_seed0+y_seed0,trained,4,,slice,0.91,10000,18\n";
        let chart = &ENSEMBLE.charts(&read(&format!("{TRIALS}{without}")), Quantity::Latency).unwrap().0[0];
        assert_eq!(chart.series.iter().map(|series| series.points.len()).collect::<Vec<_>>(), [3, 2]);
        let chart = &ENSEMBLE.charts(&rows, Quantity::Latency).unwrap().0[0];
        assert_eq!((chart.series[0].name.as_str(), chart.subtitle.as_str()), ("", "K = 64"), "one line needs no key");
        assert!(CLUSTERS.charts(&rows, Quantity::Latency).unwrap_err().contains("several values of `clusters`"));
    }

    const CLUSTERED: &str = "trial_id,status,network,width,dataset,weights,clusters,cluster_mode,convolution,ensemble,scale_bits,\
        accuracy,accuracy_images\n\
        a,ok,resnet20,16,cifar10,trained,8,slice,clustered,1,22.0,0.10,10000\n\
        b,ok,resnet20,16,cifar10,trained,32,slice,clustered,1,22.0,0.88,10000\n\
        c,ok,resnet20,16,cifar10,trained,64,slice,clustered,1,22.0,0.90,10000\n\
        d,ok,resnet20,16,cifar10,trained,,slice,classical,1,22.0,0.91,10000\n\
        e,ok,resnet20,16,cifar10,trained,,slice,diagonals,1,22.0,0.91,10000\n\
        f,ok,resnet20,16,cifar10,trained,,slice,classical,2,22.0,0.92,10000\n\
        g,ok,resnet20,16,cifar10,trained,,slice,classical,1,21.0,0.89,10000\n";

    #[test]
    fn references_belong_to_a_line_and_say_how_they_convolve() {
        let charts = CLUSTERS.charts(&read(CLUSTERED), Quantity::Accuracy).unwrap().0;
        let references: Vec<&str> = charts[0].references.iter().map(|reference| reference.name.as_str()).collect();
        assert_eq!(references, ["no clustering, classical; diagonals"], "M = 2 and other scales are of no line");
        assert_eq!(charts[0].series[0].name, "clustered");
    }

    #[test]
    fn a_network_with_the_setting_and_without_a_chart_is_told() {
        // One value; several, of a few images; without clusters at all.
        let others = "h,ok,resnet32,16,cifar10,trained,8,slice,clustered,1,22.0,0.5,10000\n\
            i,ok,resnet20,16,cifar100,trained,8,slice,clustered,1,22.0,0.5,2\n\
            j,ok,resnet20,16,cifar100,trained,64,slice,clustered,1,22.0,0.5,2\n\
            k,ok,resnet44,16,cifar10,trained,,slice,classical,1,22.0,0.5,10000\n";
        let (charts, missing) = CLUSTERS.charts(&read(&format!("{CLUSTERED}{others}")), Quantity::Accuracy).unwrap();
        assert_eq!(charts.len(), 1);
        let expected = ["accuracy_by_clusters_resnet32_w16_cifar10", "accuracy_by_clusters_resnet20_w16_cifar100"];
        assert_eq!(missing, expected);
    }

    #[test]
    fn what_is_far_below_the_rest_is_cut_and_counted() {
        let charts = CLUSTERS.charts(&read(CLUSTERED), Quantity::Accuracy).unwrap().0;
        assert!(charts[0].subtitle.contains("1 point below 84.3 % is not shown"), "{}", charts[0].subtitle);
        assert_eq!(floor(&[90.0, 85.0, 10.0]), Some(85.0));
        assert_eq!((floor(&[90.0, 75.0]), floor(&[90.0, 50.0, 30.0])), (None, None));
    }

    #[test]
    fn an_accuracy_with_no_line_leaves_the_figure_to_another_one() {
        let header = CLUSTERED.replace(
            "accuracy,accuracy_images",
            "clear_accuracy,clear_accuracy_images,simulated_accuracy,simulated_accuracy_images",
        );
        let clear = header.replace(",10000\n", ",10000,,\n");
        let simulated = "s,ok,resnet20,16,cifar10,trained,,slice,diagonals,1,22.0,,,0.91,10000\n";
        let chart = &CLUSTERS.charts(&read(&format!("{clear}{simulated}")), Quantity::Accuracy).unwrap().0[0];
        assert_eq!(chart.series[0].points.len(), 3);
        assert!(chart.y.title.contains("clear"), "{}", chart.y.title);
        // Two simulated points are a line, but a shorter one; three are as good, and simulated.
        let third = |clusters| {
            format!("s{clusters},ok,resnet20,16,cifar10,trained,{clusters},slice,clustered,1,22.0,,,0.9,10000\n")
        };
        for (last, word) in [(None, "clear"), (Some(64), "simulated")] {
            let points: String = [Some(8), Some(32), last].into_iter().flatten().map(third).collect();
            let chart = &CLUSTERS.charts(&read(&format!("{clear}{points}")), Quantity::Accuracy).unwrap().0[0];
            assert!(chart.y.title.contains(word), "{}", chart.y.title);
        }
    }

    #[test]
    fn in_the_clear_no_setting_of_an_encryption_is_told() {
        let header = "trial_id,status,network,width,dataset,weights,clusters,cluster_mode,layout,log_n,clear_accuracy,clear_accuracy_images\n";
        let clear: String =
            [8, 32, 64].map(|k| format!("c{k},ok,resnet20,16,cifar10,trained,{k},slice,,,0.9,10000\n")).concat();
        let encrypted = "e,ok,resnet20,16,cifar10,trained,32,slice,tiled,15,0.9,10000\n";
        let charts = CLUSTERS.charts(&read(&format!("{header}{clear}{encrypted}")), Quantity::Accuracy).unwrap().0;
        let lines: Vec<_> = charts[0].series.iter().map(|series| (series.name.as_str(), series.points.len())).collect();
        assert_eq!(lines, [("", 3)]);
        assert!(!charts[0].subtitle.contains("N = "), "{}", charts[0].subtitle);
    }

    #[test]
    fn a_few_images_are_no_point() {
        let few = CLUSTERED.replace("10000", "2");
        let why = CLUSTERS.charts(&read(&few), Quantity::Accuracy).unwrap_err();
        assert!(why.contains("100 images or more"), "{why}");
    }
}
