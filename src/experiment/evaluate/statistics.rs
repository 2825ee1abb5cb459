//! Summaries of measured values.

/// The middle value, or the mean of the two in the middle; none: there is no value.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len() % 2 == 1 { upper } else { (sorted[middle - 1] + upper) / 2.0 })
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
        assert_eq!((share(1, 4), share(0, 0)), (Some(0.25), None));
    }
}
