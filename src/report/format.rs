//! Numbers as people read them.

/// So many significant digits, without an exponent where that stays short.
#[must_use]
pub fn significant(value: f64, digits: usize) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    if !value.is_finite() {
        return value.to_string();
    }
    let magnitude = value.abs().log10().floor() as i32;
    if !(-5..=8).contains(&magnitude) {
        return format!("{value:.*e}", digits.saturating_sub(1));
    }
    let decimals = digits as i32 - 1 - magnitude;
    format!("{value:.*}", decimals.max(0) as usize)
}

/// Decimals that show three digits of a number and of what is smaller; for large ones none.
#[must_use]
pub fn decimals(value: f64) -> usize {
    (2 - value.max(1e-9).log10().floor() as i32).clamp(0, 6) as usize
}

/// Whole numbers with thin groups of three: `12 345`.
#[must_use]
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push('\u{a0}');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_digits() {
        for (value, text) in [
            (0.012_345, "0.0123"),
            (123_456.0, "123456"),
            (7.5, "7.50"),
            (0.0, "0"),
            (-2.0, "-2.00"),
            (1e-9, "1.00e-9"),
        ] {
            assert_eq!(significant(value, 3), text);
        }
        assert_eq!(significant(f64::NAN, 3), "NaN");
    }

    #[test]
    fn numbers_have_as_many_decimals_as_the_largest_needs() {
        assert_eq!([0.012, 0.5, 1.7, 32.0, 4e3].map(decimals), [4, 3, 2, 1, 0]);
        assert_eq!([123.0, 7.7, 0.05].map(decimals), [0, 2, 4]);
    }

    #[test]
    fn groups_of_three() {
        assert_eq!(grouped(7), "7");
        assert_eq!(grouped(1_234_567), "1\u{a0}234\u{a0}567");
    }
}
