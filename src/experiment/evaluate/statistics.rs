//! Summaries of measured values.

/// The middle value, or the mean of the two in the middle; none: there is no value.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len() % 2 == 1 { upper } else { (sorted[middle - 1] + upper) / 2.0 })
}

/// The quartile number `number` of 1 to 3, between two values by linear interpolation; none: there is no value.
pub fn quartile(values: impl IntoIterator<Item = f64>, number: u32) -> Option<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let position = (sorted.len().checked_sub(1)?) as f64 * f64::from(number) / 4.0;
    let below = position.floor() as usize;
    let above = sorted.get(below + 1).unwrap_or(&sorted[below]);
    Some(sorted[below] + (above - sorted[below]) * position.fract())
}

/// The 97.5th percentile of the standard normal distribution.
pub const Z: f64 = 1.959_963_984_540_054;

/// The 95 % Wilson interval of the share that `part` of `count` things are (Wilson 1927); none of nothing.
pub fn wilson(part: usize, count: usize) -> Option<(f64, f64)> {
    let share = share(part, count)?;
    let count = count as f64;
    let scale = 1.0 + Z * Z / count;
    let centre = share + Z * Z / (2.0 * count);
    let half = Z * (share * (1.0 - share) / count + Z * Z / (4.0 * count * count)).sqrt();
    Some((((centre - half) / scale).max(0.0), ((centre + half) / scale).min(1.0)))
}

/// A share with its 95 % Wilson interval.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Share {
    /// The share.
    pub value: Option<f64>,
    /// Lower end.
    pub low: Option<f64>,
    /// Upper end.
    pub high: Option<f64>,
    /// What it is a share of.
    pub count: Option<u32>,
}

impl Share {
    /// The share that `part` of `count` things are; everything is empty for a share of nothing.
    pub fn of(part: usize, count: usize) -> Self {
        let interval = wilson(part, count);
        Self {
            value: share(part, count),
            low: interval.map(|(low, _)| low),
            high: interval.map(|(_, high)| high),
            count: u32::try_from(count).ok().filter(|count| *count > 0),
        }
    }
}

/// The largest value; none: there is no value.
pub fn largest(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    values.into_iter().max_by(f64::total_cmp)
}

/// The smallest value; none: there is no value.
pub fn smallest(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    values.into_iter().min_by(f64::total_cmp)
}

/// The share of `count` things that `part` of them are; none of nothing.
pub fn share(part: usize, count: usize) -> Option<f64> {
    (count > 0).then(|| part as f64 / count as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_samples() {
        assert_eq!((median([]), median([3.0]), median([4.0, 1.0])), (None, Some(3.0), Some(2.5)));
        assert_eq!((largest([1.0, 4.0, 2.0]), smallest([3.0, 2.0]), largest([])), (Some(4.0), Some(2.0), None));
        let four = [3.0, 1.0, 2.0, 10.0];
        assert_eq!([1, 2, 3].map(|number| quartile(four, number)), [Some(1.75), Some(2.5), Some(4.75)]);
        assert_eq!((quartile([], 1), quartile([5.0], 3)), (None, Some(5.0)));
        assert_eq!((share(1, 4), share(0, 0)), (Some(0.25), None));
    }
    #[test]
    fn wilson_intervals() {
        // Newcombe, Statistics in Medicine 17 (1998), table I: 81 of 263, 15 of 148, 0 of 20, 1 of 29.
        for (part, count, low, high) in
            [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)]
        {
            let (found_low, found_high) = wilson(part, count).unwrap();
            assert!((found_low - low).abs() < 5e-5 && (found_high - high).abs() < 5e-5, "{found_low} {found_high}");
        }
        assert_eq!(wilson(0, 0), None);
        assert_eq!(Share::of(3, 0), Share::default());
        assert_eq!((Share::of(1, 4).value, Share::of(1, 4).count), (Some(0.25), Some(4)));
    }
}
