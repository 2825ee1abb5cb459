//! How much of a decrypted number is shown: noise that nobody sees tells nothing of the key.

use std::str::FromStr;

/// Deviations of the noise that one unit of the last digit is wide at least.
const DEVIATIONS: f64 = 4.0;

/// Most digits after the point: a double has no more.
const MOST: i32 = 15;

/// Digits of a decrypted logit after the point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Digits {
    /// As many as the noise allows: a unit of the last one is four deviations of the noise or more.
    #[default]
    Auto,
    /// All, noise included.
    All,
    /// So many.
    Fixed(i32),
}

impl Digits {
    /// Digits after the point for noise of this deviation, below zero before the point; none: all.
    pub fn after_point(self, deviation: f64) -> Option<i32> {
        match self {
            Self::All => None,
            Self::Fixed(digits) => Some(digits),
            // Noise of nothing, or of no size at all, has no digit to hide.
            Self::Auto => {
                Some((-(DEVIATIONS * deviation).log10()).floor().clamp(f64::from(-MOST), f64::from(MOST)) as i32)
            }
        }
    }

    /// The nearest number with so many digits after the point.
    pub fn round(value: f64, digits: i32) -> f64 {
        let unit = 10f64.powi(digits.abs());
        let rounded = if digits < 0 { (value / unit).round() * unit } else { (value * unit).round() / unit };
        // No sign for nothing.
        rounded + 0.0
    }
}

impl FromStr for Digits {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "auto" => Ok(Self::Auto),
            "all" => Ok(Self::All),
            _ => match text.parse() {
                Ok(digits) if (0..=MOST).contains(&digits) => Ok(Self::Fixed(digits)),
                _ => Err(format!("{text:?} is not possible; write `auto`, `all`, or a number from 0 to {MOST}")),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_of_the_last_digit_hides_the_noise() {
        for (deviation, digits) in [(0.011, 1), (0.03, 0), (0.002, 2), (5.0, -2), (0.0, 15), (f64::INFINITY, -15)] {
            assert_eq!(Digits::Auto.after_point(deviation), Some(digits), "{deviation}");
        }
        assert_eq!((Digits::All.after_point(1.0), Digits::Fixed(3).after_point(1.0)), (None, Some(3)));
        assert_eq!((Digits::round(12.345, 1), Digits::round(-0.04, 1), Digits::round(1234.0, -2)), (12.3, 0.0, 1200.0));
        assert!(Digits::round(-0.04, 1).is_sign_positive());
    }

    #[test]
    fn digits_are_words_or_numbers() {
        assert_eq!("auto".parse(), Ok(Digits::Auto));
        assert_eq!("all".parse(), Ok(Digits::All));
        assert_eq!("3".parse(), Ok(Digits::Fixed(3)));
        for wrong in ["", "-1", "16", "many", "1.5"] {
            assert!(wrong.parse::<Digits>().unwrap_err().contains("write `auto`"), "{wrong}");
        }
    }
}
