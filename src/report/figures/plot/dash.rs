//! Broken lines.

use plotters::coord::Shift;
use plotters::prelude::{DrawingArea, DrawingBackend, PathElement};
use plotters::style::RGBColor;

use super::frame::{Drawn, Pixel, stroke};
use crate::report::figures::canvas::Canvas;

/// Lengths in units of what is drawn and of the gap after it.
pub type Pattern = (i32, i32);

/// Patterns that are told apart even where lines lie close to each other.
pub const PATTERNS: [Pattern; 4] = [(10, 5), (3, 4), (16, 4), (6, 8)];

/// Draws a broken line along a path.
///
/// # Errors
/// What the drawing library says.
pub fn broken<DB: DrawingBackend>(
    area: &DrawingArea<DB, Shift>,
    path: &[Pixel],
    (dash, gap): Pattern,
    colour: RGBColor,
    canvas: Canvas,
) -> Drawn
where
    DB::ErrorType: 'static,
{
    for (from, to) in dashes(path, f64::from(canvas.offset(dash)), f64::from(canvas.offset(gap))) {
        area.draw(&PathElement::new(vec![from, to], stroke(canvas, colour, 2)))?;
    }
    Ok(())
}

/// The dashes; a dash that goes round a corner is two.
fn dashes(path: &[Pixel], dash: f64, gap: f64) -> Vec<(Pixel, Pixel)> {
    let mut found = Vec::new();
    // How far along the pattern the path is.
    let mut along = 0.0;
    for ends in path.windows(2) {
        let [from, to] = [ends[0], ends[1]].map(|(x, y)| (f64::from(x), f64::from(y)));
        let length = (to.0 - from.0).hypot(to.1 - from.1);
        let at = |way: f64| {
            let share = way / length;
            ((from.0 + share * (to.0 - from.0)).round() as i32, (from.1 + share * (to.1 - from.1)).round() as i32)
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
        assert_eq!(dashes(&[(0, 0), (25, 0)], 10.0, 5.0), [((0, 0), (10, 0)), ((15, 0), (25, 0))]);
        let round = dashes(&[(0, 0), (5, 0), (5, 20)], 10.0, 5.0);
        assert_eq!(round, [((0, 0), (5, 0)), ((5, 0), (5, 5)), ((5, 10), (5, 20))]);
        assert!(dashes(&[(3, 3), (3, 3)], 10.0, 5.0).is_empty());
    }
}
