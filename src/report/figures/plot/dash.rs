//! Broken lines.

use plotters::style::RGBColor;

use super::drawing::{Drawing, Point};

/// Lengths in units of what is drawn and of the gap after it.
pub type Pattern = (u32, u32);

/// Patterns that are told apart even where lines lie close to each other.
pub const PATTERNS: [Pattern; 4] = [(10, 5), (3, 4), (16, 4), (6, 8)];

/// Draws a broken line along a path.
pub fn broken(drawing: &mut Drawing, path: &[Point], pattern: Pattern, colour: RGBColor) {
    for (from, to) in dashes(path, f64::from(pattern.0), f64::from(pattern.1)) {
        drawing.path([from, to], colour, 2);
    }
}

/// The dashes; a dash that goes round a corner is two.
fn dashes(path: &[Point], dash: f64, gap: f64) -> Vec<(Point, Point)> {
    let mut found = Vec::new();
    // How far along the pattern the path is.
    let mut along = 0.0;
    for ends in path.windows(2) {
        let (from, to) = (ends[0], ends[1]);
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let at = |way: f64| {
            let share = way / length;
            (from.0 + share * (to.0 - from.0), from.1 + share * (to.1 - from.1))
        };
        let mut way = 0.0;
        while way < length {
            let drawn = along < dash;
            let step = (if drawn { dash } else { dash + gap } - along).min(length - way).max(1e-3);
            if drawn {
                found.push((at(way), at(way + step)));
            }
            way += step;
            along += step;
            if along >= dash + gap {
                along = 0.0;
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_goes_on_round_corners() {
        let straight = dashes(&[(0.0, 0.0), (25.0, 0.0)], 10.0, 5.0);
        assert_eq!(straight, [((0.0, 0.0), (10.0, 0.0)), ((15.0, 0.0), (25.0, 0.0))]);
        let round = dashes(&[(0.0, 0.0), (5.0, 0.0), (5.0, 20.0)], 10.0, 5.0);
        let expected = [((0.0, 0.0), (5.0, 0.0)), ((5.0, 0.0), (5.0, 5.0)), ((5.0, 10.0), (5.0, 20.0))];
        assert_eq!(round, expected);
        assert!(dashes(&[(3.0, 3.0), (3.0, 3.0)], 10.0, 5.0).is_empty());
    }
}
