//! Lines that leave the frame.

use super::drawing::Point;

/// The parts of a line that lie between two heights.
#[must_use]
pub fn between(line: &[Point], top: f64, bottom: f64) -> Vec<Vec<Point>> {
    let mut parts: Vec<Vec<Point>> = Vec::new();
    let mut part: Vec<Point> = Vec::new();
    for ends in line.windows(2) {
        let Some((from, to)) = cut(ends[0], ends[1], top, bottom) else { continue };
        if part.last() != Some(&from) {
            parts.push(std::mem::replace(&mut part, vec![from]));
        }
        part.push(to);
    }
    parts.push(part);
    parts.retain(|part| part.len() > 1);
    parts
}

/// The part of a straight line that lies between two heights.
fn cut(from: Point, to: Point, top: f64, bottom: f64) -> Option<(Point, Point)> {
    let outside = from.1.max(to.1) < top || from.1.min(to.1) > bottom;
    let at = |end: Point| {
        let y = end.1.clamp(top, bottom);
        let share = (y - from.1) / (to.1 - from.1);
        if y == end.1 { end } else { (from.0 + share * (to.0 - from.0), y) }
    };
    (!outside).then(|| (at(from), at(to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_outside_is_cut() {
        let over = between(&[(0.0, 5.0), (10.0, 5.0), (20.0, 25.0)], 0.0, 15.0);
        assert_eq!(over, [vec![(0.0, 5.0), (10.0, 5.0), (15.0, 15.0)]]);
        let dip = between(&[(0.0, 5.0), (10.0, 25.0), (20.0, 5.0)], 0.0, 15.0);
        assert_eq!(dip, [vec![(0.0, 5.0), (5.0, 15.0)], vec![(15.0, 15.0), (20.0, 5.0)]]);
        assert!(between(&[(0.0, 25.0), (10.0, 20.0)], 0.0, 15.0).is_empty());
    }
}
