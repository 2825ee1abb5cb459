//! Accuracy against seconds of an image: what was measured with its Pareto fronts, and published systems as numbered points. Single images
//! and batches, whose seconds are divided by their images, have signs and fronts of their own.

use std::collections::BTreeSet;

use super::font::text_width;
use super::palette::{BLUE, GREY};
use super::placement::{Labels, Placed};
use super::plot::{Anchor, Axis, CAP, Drawing, Frame, Label, Legend, Point, Scale, Sheet, Sign, bar_ends, error_bar};
use super::spots::{self, Spot};
use super::subtitle;
use crate::report::groups::Group;
use crate::report::measures::FEWEST_IMAGES;
use crate::report::published::Published;
use crate::report::rows::Rows;
use crate::report::security::insecure;
use crate::report::spread::Spread;
use crate::report::trade_off::{Point as Measured, TradeOff};
use crate::report::words;

/// The figure of one data set.
#[derive(Debug, Clone, PartialEq)]
pub struct AccuracyByLatency {
    /// File name without extension.
    pub name: String,
    title: String,
    subtitle: String,
    /// By seconds.
    measured: Vec<Spot>,
    published: Vec<Spot>,
    /// Entries of the key on what is not shown.
    remarks: Vec<String>,
    x: Axis,
    y: Axis,
}

/// Percentage points below the best accuracy within which the front is of interest.
const FRONT: f64 = 20.0;

/// Percentage points below what is of interest that are drawn, too.
const BELOW_INTEREST: f64 = 4.0;

/// Most measured points that have a letter; more of them are drawn without.
const LETTERED: usize = 12;

/// Size of the labels beside points.
const LABEL: u32 = 14;

/// Length in units of the tick of a system without an accuracy.
const TICK: f64 = 12.0;

/// Height of the frame.
const HEIGHT: u32 = 380;

impl AccuracyByLatency {
    /// The file name, without extension, of the figure of a data set.
    #[must_use]
    pub fn file_name(dataset: &str) -> String {
        format!("accuracy_by_latency_{dataset}")
    }

    /// The figure of a data set.
    #[must_use]
    pub fn of(rows: &Rows, trade_off: &TradeOff, published: &[Published]) -> Self {
        let dataset = words::dataset(&trade_off.dataset);
        let published = spots::published(published, &dataset);
        // What nobody would use leaves no room for the rest.
        let of_interest = published.iter().filter_map(|spot| spot.accuracy).chain(front_accuracies(trade_off));
        let floor = of_interest.fold(100.0, f64::min) - BELOW_INTEREST;
        let visible = spots::visible(trade_off, floor);
        let measured = spots::measured(rows, &visible, LETTERED);
        let hidden = trade_off.points.len() - visible.len();
        let mut remarks = Vec::new();
        remarks.extend(subtitle::cut(hidden, floor));
        if trade_off.without > 0 {
            let few = words::count(trade_off.without, "timed configuration");
            remarks.push(format!("not shown, for want of an accuracy of {FEWEST_IMAGES} images: {few}"));
        }
        let spots = || measured.iter().chain(&published);
        Self {
            name: Self::file_name(&trade_off.dataset),
            title: format!("Accuracy against latency on {dataset}"),
            subtitle: second_line(rows, &visible, !published.is_empty()),
            remarks,
            x: Axis::around("seconds of an image (logarithmic)", Scale::Log10, spots().map(|spot| spot.seconds)),
            y: Axis::around("accuracy (%)", Scale::Linear, spots().filter_map(|spot| spot.accuracy)).within(0.0, 100.0),
            measured,
            published,
        }
    }

    /// What the figure shows, as a sentence.
    #[must_use]
    pub fn caption(&self) -> String {
        let has = |word: &str| self.published.iter().any(|spot| spot.kind.contains(word));
        let some =
            [("several threads", "on many threads"), ("GPU", "on a GPU"), ("batch", "of a batch over its images")];
        let some: Vec<&str> = some.into_iter().filter(|(word, _)| has(word)).map(|(_, text)| text).collect();
        let some =
            if some.is_empty() { String::new() } else { format!(", some {}, as the key says", some.join(", some ")) };
        let others = if self.published.is_empty() {
            String::new()
        } else {
            format!(", and published systems. Published latencies are on other machines{some}")
        };
        format!(
            "{}: what was measured with the Pareto fronts of what is secure, for one image and for batches (seconds over their images){others}.",
            self.title
        )
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        let (front, behind) = self.by_front();
        for spot in front {
            legend.push_once(Sign::Line(spot.marker), &spot.kind);
        }
        for spot in behind {
            legend.push_once(Sign::Point(spot.marker), &spot.kind);
        }
        for spot in self.measured.iter().filter(|spot| !spot.label.is_empty()) {
            legend.push(Sign::Label(spot.label.clone()), &spot.words);
        }
        for spot in self.published.iter().filter(|spot| spot.accuracy.is_some()) {
            legend.push_once(Sign::Point(spot.marker), &spot.kind);
        }
        for spot in &self.published {
            if spot.accuracy.is_none() {
                legend.push_once(Sign::Tick(GREY), "published without an accuracy: seconds only");
            }
            legend.push(Sign::Label(spot.label.clone()), &spot.words);
        }
        for remark in &self.remarks {
            legend.push(Sign::None, remark);
        }
        legend
    }

    /// What was measured: on the front, and not.
    fn by_front(&self) -> (Vec<&Spot>, Vec<&Spot>) {
        self.measured.iter().partition(|spot| spot.on_front)
    }

    /// The corners of a front: a staircase, what is as accurate at given seconds.
    fn steps(&self, frame: &Frame<'_>, batched: bool) -> Vec<Point> {
        let mut steps: Vec<Point> = Vec::new();
        for spot in self.measured.iter().filter(|spot| spot.on_front && spot.batched == batched) {
            let Some(at) = place(frame, spot) else { continue };
            if let Some(last) = steps.last().copied() {
                steps.push((at.0, last.1));
            }
            steps.push(at);
        }
        steps
    }

    /// The figure as it is drawn.
    #[must_use]
    pub fn drawing(&self) -> Drawing {
        let sheet = Sheet::new(&self.title, &self.subtitle, &self.y, HEIGHT, self.legend());
        let (mut drawing, frame) = sheet.framed(&self.x, &self.y);
        let fronts = [false, true].map(|batched| self.steps(&frame, batched));
        for front in &fronts {
            drawing.path(front.clone(), BLUE, 2);
        }
        // What is drawn last lies on top: the front.
        let (front, behind) = self.by_front();
        let spots = self.published.iter().chain(behind).chain(front);
        let spots: Vec<(&Spot, Point)> = spots.filter_map(|spot| Some((spot, place(&frame, spot)?))).collect();
        let placed = labels(&frame, &fronts, &spots);
        for (spot, _) in &spots {
            error_bar(&mut drawing, &frame, spot.seconds, spot.bar, spot.marker.colour);
        }
        for (from, to) in placed.iter().flatten().filter_map(|placed| placed.leader) {
            drawing.path([from, to], GREY, 1);
        }
        for (spot, at) in &spots {
            if spot.accuracy.is_some() {
                spot.marker.draw(&mut drawing, *at);
            } else {
                drawing.path([*at, above(*at)], GREY, 2);
            }
        }
        for ((spot, _), placed) in spots.iter().zip(placed) {
            let Some(placed) = placed else { continue };
            drawing.number(placed.centre, Label::new(&spot.label, LABEL, Anchor::Centre));
        }
        drawing
    }
}

/// The upper end of a tick.
fn above((x, y): Point) -> Point {
    (x, y - TICK)
}

/// Where a point is; what has no accuracy stands at the lower edge.
fn place(frame: &Frame<'_>, spot: &Spot) -> Option<Point> {
    match spot.accuracy {
        Some(accuracy) => frame.at(spot.seconds, accuracy),
        None => Some((frame.at(spot.seconds, frame.y.start())?.0, frame.bottom())),
    }
}

/// Where the labels of the points are.
fn labels(frame: &Frame<'_>, fronts: &[Vec<Point>], spots: &[(&Spot, Point)]) -> Vec<Option<Placed>> {
    let mut labels = Labels::new(frame.corner, frame.size);
    for ends in fronts.iter().flat_map(|steps| steps.windows(2)) {
        labels.occupy_line(ends[0], ends[1], 2.0);
    }
    for (spot, at) in spots {
        if spot.accuracy.is_none() {
            labels.occupy_line(*at, above(*at), 2.0);
            continue;
        }
        labels.occupy(*at, 7.0);
        if let Some((top, bottom)) = spot.bar.and_then(|bar| bar_ends(frame, spot.seconds, bar)) {
            labels.occupy_line(top, bottom, CAP + 1.0);
        }
    }
    let place = |(spot, at): &(&Spot, Point)| {
        let text = (f64::from(text_width(&spot.label, LABEL) + 2), f64::from(LABEL));
        // The label of a tick belongs to its upper end.
        let at = if spot.accuracy.is_none() { above(*at) } else { *at };
        (!spot.label.is_empty()).then(|| labels.place(at, text, 8.0))
    };
    spots.iter().map(place).collect()
}

/// What one must know of the numbers that are drawn.
fn second_line(rows: &Rows, visible: &[&Measured], published: bool) -> String {
    let groups: Vec<&Group> = visible.iter().map(|point| &point.group).collect();
    let spreads: Vec<Spread> = visible.iter().map(|point| point.accuracy).collect();
    let sources: BTreeSet<String> = visible.iter().map(|point| point.source.words()).collect();
    let sources = sources.into_iter().reduce(|all, source| format!("{all} or {source}"));
    let mut measured = vec![spots::shared(rows, &groups)];
    measured.extend(sources.map(|sources| format!("accuracy of {sources}")));
    measured.extend(subtitle::evaluations(rows, &groups).map(|text| format!("latency: {text}")));
    measured.retain(|part| !part.is_empty());
    let mut parts = Vec::new();
    parts.extend((!measured.is_empty()).then(|| format!("measured: {}", measured.join(", "))));
    parts.extend(subtitle::accuracy_bars(&spreads));
    parts.extend(published.then(|| "published latencies are of other machines".to_owned()));
    parts.extend(insecure(rows, &groups));
    parts.join("; ")
}

/// Accuracies of the measured points that nothing beats.
fn front_accuracies(trade_off: &TradeOff) -> impl Iterator<Item = f64> {
    // Its fast end may be of any accuracy: the better half is what it is about.
    let best = trade_off.points.iter().map(|point| point.accuracy.mean).fold(0.0, f64::max);
    let front = trade_off.points.iter().filter(|point| point.on_front).map(|point| point.accuracy.mean);
    front.filter(move |accuracy| *accuracy > best - FRONT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows;
    use crate::report::trade_off::trade_offs;

    fn figure(trials: &str) -> AccuracyByLatency {
        let rows = rows(trials);
        AccuracyByLatency::of(&rows, &trade_offs(&rows).unwrap()[0], &[])
    }

    const HEADER: &str = "trial_id,status,network,width,dataset,log_n,threads,accuracy,accuracy_low,accuracy_high,accuracy_images,\
        latency_seconds_median,security_2018,security_2024\n";

    #[test]
    fn bars_do_not_stretch_the_axis_and_letters_have_no_gap() {
        let figure = figure(&format!(
            "{HEADER}a,ok,resnet20,16,cifar10,13,1,0.1,0.05,0.15,100,1,secure,secure\n\
             b,ok,resnet20,16,cifar10,14,1,0.9,0.2,1,100,2,secure,secure\nc,ok,resnet20,16,cifar10,15,1,0.92,0.2,1,100,3,secure,secure\n"
        ));
        assert!(figure.y.start() > 80.0, "{:?}", figure.y);
        let letters: Vec<&str> = figure.measured.iter().map(|spot| spot.label.as_str()).collect();
        assert_eq!(letters, ["A", "B"], "what is below the floor takes no letter");
        assert_eq!(figure.remarks.len(), 1);
        assert!(figure.remarks[0].starts_with("1 point below") && figure.remarks[0].ends_with("is not shown"));
        assert!(!figure.caption().contains("GPU"), "none is drawn");
    }

    #[test]
    fn the_second_line_is_about_the_points_that_are_drawn() {
        let figure = figure(&format!(
            "{HEADER}a,ok,resnet20,16,cifar10,13,2,0.1,,,100,1,insecure,insecure\n\
             b,ok,resnet20,16,cifar10,14,1,0.9,,,10000,2,secure,secure\nc,ok,resnet20,16,cifar10,15,1,0.92,,,10000,3,secure,secure\n"
        ));
        let words: Vec<&str> = figure.measured.iter().map(|spot| spot.words.as_str()).collect();
        assert_eq!(words, ["N = 2¹⁴", "N = 2¹⁵"]);
        let measured = "measured: ResNet-20, width 16, 1 thread, accuracy of 10000 encrypted images;";
        assert!(figure.subtitle.starts_with(measured), "{}", figure.subtitle);
        assert!(!figure.subtitle.contains("insecure"), "{}", figure.subtitle);
        // Nothing measured is close to what others published.
        let rows = rows(&format!("{HEADER}a,ok,resnet20,16,cifar10,13,2,0.1,,,100,1,insecure,insecure\n"));
        let published = crate::report::published::published().unwrap();
        let figure = AccuracyByLatency::of(&rows, &trade_offs(&rows).unwrap()[0], &published);
        assert_eq!(figure.subtitle, "published latencies are of other machines");
    }

    #[test]
    fn insecure_points_say_so() {
        let figure = figure(&format!(
            "{HEADER}a,ok,resnet20,16,cifar10,14,1,0.9,,,10000,1,insecure,insecure\nb,ok,resnet20,16,cifar10,15,1,0.9,,,10000,2,secure,secure\n"
        ));
        let words: Vec<&str> = figure.measured.iter().map(|spot| spot.words.as_str()).collect();
        assert_eq!(words, ["N = 2¹⁴, insecure", "N = 2¹⁵"]);
        assert_eq!(figure.measured.iter().map(|spot| spot.on_front).collect::<Vec<_>>(), [false, true]);
        assert!(
            figure.subtitle.starts_with("measured: ResNet-20, width 16, 1 thread, accuracy of 10000 encrypted images;")
        );
        assert!(figure.subtitle.ends_with("insecure: N = 2¹⁴"), "{}", figure.subtitle);
    }
}
