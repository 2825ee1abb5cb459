//! Lines that leave the frame.

use super::frame::Pixel;

/// The parts of a line that lie between two heights.
#[must_use]
pub fn between(line: &[Pixel], top: i32, bottom: i32) -> Vec<Vec<Pixel>> {
    let mut parts: Vec<Vec<Pixel>> = Vec::new();
    let mut part: Vec<Pixel> = Vec::new();
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
fn cut(from: Pixel, to: Pixel, top: i32, bottom: i32) -> Option<(Pixel, Pixel)> {
    let outside = from.1.max(to.1) < top || from.1.min(to.1) > bottom;
    let at = |end: Pixel| {
        let y = end.1.clamp(top, bottom);
        if y == end.1 {
            return end;
        }
        let share = f64::from(y - from.1) / f64::from(to.1 - from.1);
        (from.0 + (share * f64::from(to.0 - from.0)).round() as i32, y)
    };
    (!outside).then(|| (at(from), at(to)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_outside_is_cut() {
        assert_eq!(between(&[(0, 5), (10, 5), (20, 25)], 0, 15), [vec![(0, 5), (10, 5), (15, 15)]]);
        let dip = between(&[(0, 5), (10, 25), (20, 5)], 0, 15);
        assert_eq!(dip, [vec![(0, 5), (5, 15)], vec![(15, 15), (20, 5)]]);
        assert!(between(&[(0, 25), (10, 20)], 0, 15).is_empty());
    }
}
