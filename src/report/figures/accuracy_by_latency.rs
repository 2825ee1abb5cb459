//! Accuracy against latency: what was measured with its Pareto front, and published systems as numbered points.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, PathElement};
use plotters::style::text_anchor::{HPos, VPos};

use super::against::insecure;
use super::canvas::Canvas;
use super::exporter::Figure;
use super::palette::{BLUE, GREY, INK, VERMILLION};
use super::placement::Labels;
use super::plot::{
    ABOVE, Axis, BELOW, Drawn, Form, Frame, Legend, Marker, Pixel, Scale, Sign, anchored, headings, headings_width,
    label_room, stroke, write,
};
use crate::report::columns::trial;
use crate::report::groups::Group;
use crate::report::published::{Clock, Published};
use crate::report::rows::Rows;
use crate::report::trade_off::TradeOff;
use crate::report::words;

/// A point with the number that the key explains.
#[derive(Debug, Clone, PartialEq)]
struct Spot {
    number: String,
    latency: f64,
    accuracy: f64,
    bar: Option<(f64, f64)>,
    marker: Marker,
    words: String,
}

/// The figure of one data set.
#[derive(Debug, Clone, PartialEq)]
pub struct AccuracyByLatency {
    name: String,
    title: String,
    subtitle: String,
    measured: Vec<Spot>,
    front: Vec<(f64, f64)>,
    published: Vec<Spot>,
    /// Published systems of this data set that have no accuracy, so no place here.
    without: usize,
    /// Measured configurations below an accuracy that are not drawn, and that accuracy.
    hidden: (usize, f64),
    x: Axis,
    y: Axis,
}

/// Percentage points below the best accuracy within which the front is of interest.
const FRONT: f64 = 20.0;

/// Percentage points below what is of interest that are drawn, too.
const BELOW_INTEREST: f64 = 4.0;

/// Most measured points that have a number; more of them are drawn without.
const NUMBERED: usize = 12;

impl AccuracyByLatency {
    /// The figure of a data set.
    #[must_use]
    pub fn of(rows: &Rows, trade_off: &TradeOff, published: &[Published]) -> Self {
        let dataset = words::dataset(&trade_off.dataset);
        let groups: Vec<&Group> = trade_off.points.iter().map(|point| &point.group).collect();
        let differing = words::differing(rows, &groups, &[trial::NETWORK, trial::WIDTH, trial::THREADS]);
        let numbered = trade_off.points.len() <= NUMBERED;
        let measured: Vec<Spot> = trade_off
            .points
            .iter()
            .enumerate()
            .filter(|(_, point)| point.latency.mean > 0.0)
            .map(|(place, point)| {
                let row = point.group.first();
                let name = words::series(rows, &point.group, &differing);
                let network = words::network(rows.text(trial::NETWORK, row));
                let width = words::setting(trial::WIDTH, rows.text(trial::WIDTH, row));
                let threads = words::setting(trial::THREADS, rows.text(trial::THREADS, row));
                let rest = if name == "measured" { String::new() } else { format!(", {name}") };
                Spot {
                    number: if numbered { letter(place) } else { String::new() },
                    latency: point.latency.mean,
                    accuracy: point.accuracy.mean,
                    bar: (point.accuracy.low < point.accuracy.high)
                        .then_some((point.accuracy.low, point.accuracy.high)),
                    marker: Marker { form: Form::Disc, colour: BLUE, hollow: !point.on_front },
                    words: format!("{network}, {width}{rest}, {threads}"),
                }
            })
            .collect();
        let front = trade_off.points.iter().filter(|point| point.on_front);
        let here = || published.iter().filter(|one| one.dataset == dataset);
        let published: Vec<Spot> = here()
            .filter_map(|one| Some((one, one.accuracy_percent?, one.latency_seconds?)))
            .enumerate()
            .map(|(place, (one, accuracy, latency))| Spot {
                number: (place + 1).to_string(),
                latency,
                accuracy,
                bar: None,
                marker: sign(one.clock()),
                words: published_words(one),
            })
            .collect();
        // What nobody would use leaves no room for the rest.
        let of_interest = published.iter().map(|spot| spot.accuracy).chain(front_accuracies(trade_off));
        let floor = of_interest.fold(100.0, f64::min) - BELOW_INTEREST;
        let all = measured.len();
        let measured: Vec<Spot> = measured.into_iter().filter(|spot| spot.accuracy >= floor).collect();
        let hidden = all - measured.len();
        let spots = || measured.iter().chain(&published);
        let y = spots().flat_map(|spot| {
            [spot.accuracy, spot.bar.map_or(spot.accuracy, |bar| bar.0), spot.bar.map_or(spot.accuracy, |bar| bar.1)]
        });
        let images = trade_off.points.iter().map(|point| point.images).max().unwrap_or(0);
        let mut subtitle = format!(
            "measured: {images} images, {}; latencies are wall times on different machines",
            trade_off.kind.word
        );
        if let Some(insecure) = insecure(rows, &groups) {
            subtitle += &format!("; {insecure}");
        }
        Self {
            name: format!("accuracy_by_latency_{}", trade_off.dataset),
            title: format!("Accuracy against latency on {dataset}"),
            subtitle,
            front: front
                .map(|point| (point.latency.mean, point.accuracy.mean))
                .filter(|(latency, accuracy)| *latency > 0.0 && *accuracy >= floor)
                .collect(),
            x: Axis::around(
                "latency of an evaluation (s, logarithmic)",
                Scale::Log10,
                spots().map(|spot| spot.latency),
            ),
            y: Axis::around("accuracy (%)", Scale::Linear, y).within(0.0, 100.0),
            without: here().filter(|one| one.accuracy_percent.is_none()).count(),
            hidden: (hidden, floor),
            measured,
            published,
        }
    }

    fn legend(&self) -> Legend {
        let mut legend = Legend::default();
        let ours = Marker { form: Form::Disc, colour: BLUE, hollow: false };
        legend.push(Sign::Line(ours), "measured, on the Pareto front");
        if self.measured.iter().any(|spot| spot.marker.hollow) {
            legend.push(Sign::Point(Marker { hollow: true, ..ours }), "measured, not on the front");
        }
        for spot in self.measured.iter().filter(|spot| !spot.number.is_empty()) {
            legend.push(Sign::None, &format!("{}  {}", spot.number, spot.words));
        }
        for clock in [Clock::OneThread, Clock::SeveralThreads, Clock::Gpu, Clock::Unknown] {
            if self.published.iter().any(|spot| spot.marker == sign(clock)) {
                legend.push(Sign::Point(sign(clock)), &format!("published: {}", clock.words()));
            }
        }
        for spot in &self.published {
            legend.push(Sign::None, &format!("{}  {}", spot.number, spot.words));
        }
        if self.hidden.0 > 0 {
            legend.push(Sign::None, &format!("{} measured below {:.0} % are not shown", self.hidden.0, self.hidden.1));
        }
        if self.without > 0 {
            legend.push(Sign::None, &format!("{} published system(s) state no accuracy", self.without));
        }
        legend
    }

    fn frame_size(&self) -> (u32, u32) {
        (560, 380.max(self.legend().height()))
    }

    fn draw_all<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Drawn
    where
        DB::ErrorType: 'static,
    {
        headings(area, &self.title, &self.subtitle, canvas)?;
        let corner = (canvas.offset(label_room(&self.y) as i32), canvas.offset(ABOVE as i32));
        let (width, height) = self.frame_size();
        let size = (canvas.offset(width as i32), canvas.offset(height as i32));
        let frame = Frame { x: &self.x, y: &self.y, corner, size, canvas };
        frame.draw(area)?;
        // The front is a staircase: what is as accurate at a given latency.
        let mut steps: Vec<Pixel> = Vec::new();
        for (latency, accuracy) in &self.front {
            let Some(at) = frame.at(*latency, *accuracy) else { continue };
            if let Some(last) = steps.last().copied() {
                steps.push((at.0, last.1));
            }
            steps.push(at);
        }
        area.draw(&PathElement::new(steps, stroke(canvas, BLUE, 2)))?;
        let mut labels = Labels::new(corner, size);
        let spots: Vec<(&Spot, Pixel)> = self
            .published
            .iter()
            .chain(&self.measured)
            .filter_map(|spot| Some((spot, frame.at(spot.latency, spot.accuracy)?)))
            .collect();
        for (spot, at) in &spots {
            if let Some((_, low)) = spot.bar.and_then(|(low, _)| frame.at(spot.latency, low))
                && let Some((_, high)) = spot.bar.and_then(|(_, high)| frame.at(spot.latency, high))
            {
                area.draw(&PathElement::new(vec![(at.0, low), (at.0, high)], stroke(canvas, BLUE, 1)))?;
            }
            labels.occupy(*at, canvas.offset(7));
        }
        for (spot, at) in spots {
            spot.marker.draw(area, at, canvas)?;
            if !spot.number.is_empty() {
                let text = (canvas.offset(8 * spot.number.len() as i32), canvas.offset(13));
                let (place, line) = labels.place(at, text, canvas.offset(8));
                if line {
                    area.draw(&PathElement::new(vec![at, place], stroke(canvas, GREY, 1)))?;
                }
                write(area, &spot.number, place, anchored(canvas.coloured_text(12, INK), HPos::Center, VPos::Center))?;
            }
        }
        self.legend().draw(area, (corner.0 + size.0 + canvas.offset(14), corner.1), canvas)
    }
}

/// Accuracies of the measured points that nothing beats.
fn front_accuracies(trade_off: &TradeOff) -> impl Iterator<Item = f64> {
    // Its fast end may be of any accuracy: the better half is what it is about.
    let best = trade_off.points.iter().map(|point| point.accuracy.mean).fold(0.0, f64::max);
    let front = trade_off.points.iter().filter(|point| point.on_front).map(|point| point.accuracy.mean);
    front.filter(move |accuracy| *accuracy > best - FRONT)
}

/// A, B, C ...
fn letter(place: usize) -> String {
    char::from(b'A' + (place % 26) as u8).to_string()
}

fn sign(clock: Clock) -> Marker {
    match clock {
        Clock::OneThread => Marker { form: Form::Square, colour: VERMILLION, hollow: false },
        Clock::SeveralThreads => Marker { form: Form::Square, colour: VERMILLION, hollow: true },
        Clock::Gpu => Marker { form: Form::Diamond, colour: VERMILLION, hollow: true },
        Clock::Unknown => Marker { form: Form::Triangle, colour: GREY, hollow: true },
    }
}

fn published_words(one: &Published) -> String {
    let threads = one
        .threads
        .map_or_else(String::new, |threads| format!(", {}", words::setting(trial::THREADS, &threads.to_string())));
    let images =
        one.images.filter(|images| *images > 1).map_or_else(String::new, |images| format!(", {images} images at once"));
    format!("{} ({}), {}{threads}{images}", one.system, one.year, one.network)
}

impl Figure for AccuracyByLatency {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> (u32, u32) {
        let (width, height) = self.frame_size();
        let width = label_room(&self.y) + width + 14 + self.legend().width();
        (width.max(headings_width(&self.title, &self.subtitle)), ABOVE + height + BELOW)
    }

    fn draw<DB: DrawingBackend>(&self, area: &DrawingArea<DB, Shift>, canvas: Canvas) -> Result<(), String>
    where
        DB::ErrorType: 'static,
    {
        self.draw_all(area, canvas).map_err(|error| error.to_string())
    }
}
