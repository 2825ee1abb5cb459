//! Several measurements of one quantity.

use polars::prelude::*;

/// Several measurements of one quantity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation; none: there is one measurement.
    pub deviation: Option<f64>,
    /// How many they are.
    pub count: usize,
    /// Lower end of what an error bar shows.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Spread {
    /// One deviation around the mean of several measurements; one alone has no error bar. None: there is no measurement.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let numbers = Float64Chunked::from_slice("values".into(), values);
        let (mean, count) = (numbers.mean()?, values.len());
        let deviation = if count > 1 { numbers.std(1) } else { None };
        let half = deviation.unwrap_or(0.0);
        Some(Self { mean, deviation, count, low: mean - half, high: mean + half })
    }

    /// The same with these ends of its error bar where they are further apart.
    #[must_use]
    pub fn at_least(self, (low, high): (f64, f64)) -> Self {
        if high - low > self.high - self.low { Self { low, high, ..self } } else { self }
    }

    /// The same in other units.
    #[must_use]
    pub fn times(self, factor: f64) -> Self {
        Self {
            mean: self.mean * factor,
            deviation: self.deviation.map(|deviation| deviation * factor),
            low: self.low * factor,
            high: self.high * factor,
            ..self
        }
    }

    /// The ends of the error bar; none: it has no length.
    #[must_use]
    pub fn bar(&self) -> Option<(f64, f64)> {
        (self.low < self.high).then_some((self.low, self.high))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wider_of_two_bars() {
        let two = Spread::of(&[90.0, 92.0]).unwrap();
        assert!((two.deviation.unwrap() - 2f64.sqrt()).abs() < 1e-9 && two.count == 2);
        assert_eq!(two.at_least((90.9, 91.1)), two);
        assert_eq!(two.at_least((85.0, 95.0)).bar(), Some((85.0, 95.0)));
        // The same answers with other noise have no deviation, and are still a sample of the images.
        let same = Spread::of(&[90.0, 90.0, 90.0]).unwrap();
        assert_eq!((same.bar(), same.at_least((85.0, 93.5)).bar()), (None, Some((85.0, 93.5))));
        assert_eq!((Spread::of(&[]), Spread::of(&[5.0]).unwrap().deviation), (None, None));
    }
}
