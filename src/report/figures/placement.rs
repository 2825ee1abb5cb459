//! Labels beside points, none over another or over a point.

use super::plot::Pixel;

/// A rectangle: left, top, right, bottom.
type Rectangle = (i32, i32, i32, i32);

/// What is taken within a frame.
#[derive(Debug, Clone)]
pub struct Labels {
    frame: Rectangle,
    taken: Vec<Rectangle>,
}

/// Directions in which a label is tried, best first.
const DIRECTIONS: [(f64, f64); 8] =
    [(1.0, 0.0), (0.0, -1.0), (-1.0, 0.0), (0.0, 1.0), (0.75, -0.75), (-0.75, -0.75), (0.75, 0.75), (-0.75, 0.75)];

impl Labels {
    /// Nothing is taken within a frame of this corner and size.
    #[must_use]
    pub fn new((left, top): Pixel, (width, height): Pixel) -> Self {
        Self { frame: (left, top, left + width, top + height), taken: Vec::new() }
    }

    /// Takes the square around a point.
    pub fn occupy(&mut self, (x, y): Pixel, radius: i32) {
        self.taken.push((x - radius, y - radius, x + radius, y + radius));
    }

    /// The centre for a label of size `text` beside a point, at least `gap` away, and whether it is so far that a line has to lead there.
    pub fn place(&mut self, (x, y): Pixel, (width, height): Pixel, gap: i32) -> (Pixel, bool) {
        for ring in 0..12 {
            let distance = f64::from(gap) * (1.0 + 0.7 * f64::from(ring));
            for (dx, dy) in DIRECTIONS {
                let centre = (
                    x + (dx * (distance + f64::from(width) / 2.0)).round() as i32,
                    y + (dy * (distance + f64::from(height) / 2.0)).round() as i32,
                );
                let label = (centre.0 - width / 2, centre.1 - height / 2, centre.0 + width / 2, centre.1 + height / 2);
                if self.is_free(label) {
                    self.taken.push(label);
                    return (centre, ring > 1);
                }
            }
        }
        ((x + gap + width / 2, y), false)
    }

    fn is_free(&self, label: Rectangle) -> bool {
        let inside =
            label.0 > self.frame.0 && label.1 > self.frame.1 && label.2 < self.frame.2 && label.3 < self.frame.3;
        inside && !self.taken.iter().any(|other| overlap(*other, label))
    }
}

const fn overlap(a: Rectangle, b: Rectangle) -> bool {
    a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_a_crowd_do_not_overlap() {
        let mut labels = Labels::new((0, 0), (400, 300));
        let points: Vec<Pixel> = (0..12).map(|k| (200 + 3 * k, 150 + 2 * (k % 3))).collect();
        points.iter().for_each(|point| labels.occupy(*point, 5));
        for point in &points {
            labels.place(*point, (16, 13), 8);
        }
        let placed = &labels.taken[points.len()..];
        assert_eq!(placed.len(), 12);
        for (number, label) in placed.iter().enumerate() {
            assert!(
                labels.taken.iter().enumerate().all(|(other, taken)| other == number + 12 || !overlap(*taken, *label))
            );
        }
    }
}
