//! Axes: range, ticks and their labels.

/// How values are spread along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// Evenly.
    Linear,
    /// By powers of two.
    Log2,
    /// By powers of ten.
    Log10,
}

/// An axis.
#[derive(Debug, Clone, PartialEq)]
pub struct Axis {
    /// What it shows, with the unit.
    pub title: String,
    scale: Scale,
    /// Ends, as the scale spreads them; the first may be the larger one.
    ends: (f64, f64),
    /// Values and their labels.
    ticks: Vec<(f64, String)>,
    /// Whether there are names along it in place of values.
    pub named: bool,
}

/// Share of the range that stays free at each end.
const MARGIN: f64 = 0.06;

/// What an axis from zero is longer than its largest value by.
const HEADROOM: f64 = 1.08;

/// Share of the range that stays free beyond a value that cannot be passed.
const EDGE: f64 = 0.03;

/// About how many ticks an axis has.
const TICKS: f64 = 6.0;

impl Axis {
    /// An axis that holds the values, with some room around them. A logarithmic one leaves out what is not positive.
    #[must_use]
    pub fn around(title: impl Into<String>, scale: Scale, values: impl IntoIterator<Item = f64>) -> Self {
        let spread = values.into_iter().filter(|value| value.is_finite()).filter_map(|value| place(scale, value));
        let (low, high) =
            spread.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), it| (low.min(it), high.max(it)));
        let (low, high) = if low <= high { (low, high) } else { (0.0, 1.0) };
        // A single value sits in the middle.
        let least = match scale {
            Scale::Linear => (high.abs() * 0.1).max(1e-6),
            Scale::Log2 => 1.0,
            Scale::Log10 => 0.5,
        };
        let missing = (least - (high - low)).max(0.0) / 2.0;
        let (low, high) = (low - missing, high + missing);
        let room = MARGIN * (high - low);
        let ends = (low - room, high + room);
        let ticks = match scale {
            Scale::Linear => linear_ticks(ends),
            Scale::Log2 => powers_of_two(ends),
            Scale::Log10 => decades(ends),
        };
        Self { title: title.into(), scale, ends, ticks, named: false }
    }

    /// An axis of quantities that start at zero.
    #[must_use]
    pub fn from_zero(title: impl Into<String>, values: impl IntoIterator<Item = f64>) -> Self {
        let high = values.into_iter().filter(|value| value.is_finite()).fold(0.0, f64::max);
        let ends = (0.0, if high > 0.0 { high * HEADROOM } else { 1.0 });
        Self { title: title.into(), scale: Scale::Linear, ends, ticks: linear_ticks(ends), named: false }
    }

    /// Names one after the other, the first at the beginning of the axis.
    #[must_use]
    pub fn names(title: impl Into<String>, names: &[String]) -> Self {
        let ticks = names.iter().enumerate().map(|(place, name)| (place as f64, name.clone())).collect();
        Self { title: title.into(), scale: Scale::Linear, ends: (-0.6, names.len() as f64 - 0.4), ticks, named: true }
    }

    /// The same with its beginning at the other end.
    #[must_use]
    pub fn reversed(mut self) -> Self {
        self.ends = (self.ends.1, self.ends.0);
        self
    }

    /// The ends cut to what is possible at all, with room for the sign of a value at the very end.
    #[must_use]
    pub fn within(mut self, low: f64, high: f64) -> Self {
        let (low_end, high_end) = (place(self.scale, low), place(self.scale, high));
        let room = EDGE * (self.ends.1 - self.ends.0).abs();
        let clamp =
            |end: f64| end.max(low_end.map_or(end, |low| low - room)).min(high_end.map_or(end, |high| high + room));
        self.ends = (clamp(self.ends.0), clamp(self.ends.1));
        self.ticks.retain(|(value, _)| (low..=high).contains(value));
        self
    }

    /// Where a value is: 0 at the beginning of the axis, 1 at its end. None: it has no place on a logarithmic axis.
    #[must_use]
    pub fn share(&self, value: f64) -> Option<f64> {
        let at = place(self.scale, value)?;
        Some((at - self.ends.0) / (self.ends.1 - self.ends.0))
    }

    /// The lower end of an axis of evenly spread values.
    #[must_use]
    pub const fn start(&self) -> f64 {
        self.ends.0
    }

    /// Places and labels of the ticks.
    pub fn ticks(&self) -> impl Iterator<Item = (f64, &str)> {
        self.ticks.iter().filter_map(|(value, label)| Some((self.share(*value)?, label.as_str())))
    }
}

fn place(scale: Scale, value: f64) -> Option<f64> {
    match scale {
        Scale::Linear => Some(value),
        Scale::Log2 => (value > 0.0).then(|| value.log2()),
        Scale::Log10 => (value > 0.0).then(|| value.log10()),
    }
}

fn linear_ticks((low, high): (f64, f64)) -> Vec<(f64, String)> {
    let raw = (high - low) / TICKS;
    let unit = 10f64.powf(raw.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|factor| factor * unit).find(|step| *step >= 0.8 * raw).unwrap_or(raw);
    let decimals = (-step.log10().floor()).max(0.0) as usize;
    let first = (low / step).ceil() as i64;
    let last = (high / step).floor() as i64;
    (first..=last).map(|count| count as f64 * step).map(|value| (value, format!("{value:.decimals$}"))).collect()
}

fn powers_of_two((low, high): (f64, f64)) -> Vec<(f64, String)> {
    let (first, last) = (low.ceil() as i32, high.floor() as i32);
    let every = ((last - first) / 12 + 1).max(1);
    (first..=last)
        .step_by(every as usize)
        .map(|power| (f64::from(power).exp2(), short(f64::from(power).exp2())))
        .collect()
}

fn decades((low, high): (f64, f64)) -> Vec<(f64, String)> {
    let factors: &[f64] = match high - low {
        span if span < 1.2 => &[1.0, 2.0, 3.0, 5.0, 7.0],
        span if span < 3.0 => &[1.0, 2.0, 5.0],
        _ => &[1.0],
    };
    (low.floor() as i32..=high.ceil() as i32)
        .flat_map(|power| factors.iter().map(move |factor| factor * 10f64.powi(power)))
        .filter(|value| (low..=high).contains(&value.log10()))
        .map(|value| (value, short(value)))
        .collect()
}

/// Without zeros after the point.
fn short(value: f64) -> String {
    if value >= 1.0 { format!("{value:.0}") } else { format!("{value:.6}").trim_end_matches('0').to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<&str> {
        axis.ticks().map(|(_, label)| label).collect()
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(labels(&Axis::around("", Scale::Linear, [88.0, 92.0])), ["86", "88", "90", "92", "94"]);
        assert_eq!(labels(&Axis::around("", Scale::Log2, [2.0, 64.0])), ["2", "4", "8", "16", "32", "64"]);
        assert_eq!(labels(&Axis::around("", Scale::Log10, [0.5, 2000.0])), ["1", "10", "100", "1000"]);
        assert_eq!(labels(&Axis::around("", Scale::Log10, [0.05, 1.0])), ["0.05", "0.1", "0.2", "0.5", "1"]);
        assert_eq!(labels(&Axis::from_zero("", [7.5])), ["0", "2", "4", "6", "8"]);
    }

    #[test]
    fn places() {
        let axis = Axis::names("", &["a".into(), "b".into()]);
        assert!((axis.share(0.5).unwrap() - 0.5).abs() < 1e-9);
        let axis = axis.reversed();
        assert!(axis.share(0.0).unwrap() > axis.share(1.0).unwrap());
        assert_eq!(Axis::around("", Scale::Log2, [1.0]).share(0.0), None);
        let one = Axis::around("", Scale::Linear, [5.0]);
        assert!((one.share(5.0).unwrap() - 0.5).abs() < 1e-9);
        let top = Axis::around("", Scale::Linear, [90.0, 100.0]).within(0.0, 100.0);
        assert!((0.96..0.98).contains(&top.share(100.0).unwrap()), "a sign at the end is not cut");
        assert!(labels(&top).iter().all(|label| label.parse::<f64>().unwrap() <= 100.0));
        assert!(!labels(&Axis::around("", Scale::Linear, [])).is_empty());
    }
}
