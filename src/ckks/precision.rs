//! How close two vectors of slots are, in bits.

use super::encoder::Complex;

/// Precision of a vector of slots against a reference: -log2 of the errors' magnitudes.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PrecisionReport {
    /// Bits of the worst slot.
    pub min: f64,
    /// Bits of the median slot.
    pub median: f64,
    /// Bits of the best slot.
    pub max: f64,
    /// Standard deviation of the real parts of the errors.
    pub deviation: f64,
    /// Largest magnitude of the reference.
    pub largest: f64,
}

/// Precision that is reported for an error of zero.
const EXACT_BITS: f64 = 53.0;

fn bits(error: f64) -> f64 {
    if error.is_nan() { f64::NEG_INFINITY } else { (-error.log2()).min(EXACT_BITS) }
}

impl PrecisionReport {
    /// Compares `values` with `reference`; `None` if they are empty or differ in number.
    pub fn new(values: &[Complex], reference: &[Complex]) -> Option<Self> {
        if values.is_empty() || values.len() != reference.len() {
            return None;
        }
        let mut errors: Vec<f64> = values.iter().zip(reference).map(|(v, r)| (v - r).norm()).collect();
        errors.sort_by(f64::total_cmp);
        let squares: f64 = values.iter().zip(reference).map(|(v, r)| (v.re - r.re).powi(2)).sum();
        Some(Self {
            min: bits(errors[errors.len() - 1]),
            median: bits(errors[errors.len() / 2]),
            max: bits(errors[0]),
            deviation: (squares / errors.len() as f64).sqrt(),
            largest: reference.iter().map(|r| r.norm()).fold(0.0, f64::max),
        })
    }

    /// The same bits relative to `largest` (such as the largest magnitude of the reference) instead of to one.
    pub fn relative_to(&self, largest: f64) -> Self {
        let shift = if largest > 0.0 { largest.log2() } else { 0.0 };
        Self { min: self.min + shift, median: self.median + shift, max: self.max + shift, ..*self }
    }
}

impl std::fmt::Display for PrecisionReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:.1} / {:.1} / {:.1} bits (min / median / max)", self.min, self.median, self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_bits_of_the_worst_median_and_best_slot() {
        let reference = vec![Complex::new(4.0, 0.0); 3];
        let values = [0.5, 0.25, 0.0].map(|e| Complex::new(4.0 + e, 0.0));
        let report = PrecisionReport::new(&values, &reference).unwrap();
        assert_eq!((report.min, report.median, report.max), (1.0, 2.0, 53.0));
        assert_eq!((report.largest, report.relative_to(8.0).min, report.relative_to(4.0).median), (4.0, 4.0, 4.0));
        assert_eq!(report.to_string(), "1.0 / 2.0 / 53.0 bits (min / median / max)");
        assert!(PrecisionReport::new(&[], &[]).is_none() && PrecisionReport::new(&values[1..], &reference).is_none());
        let nan = PrecisionReport::new(&[Complex::new(f64::NAN, 0.0)], &reference[..1]).unwrap();
        assert_eq!(nan.min, f64::NEG_INFINITY);
    }
}
