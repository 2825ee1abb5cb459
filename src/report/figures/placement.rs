//! Labels beside points, none over another, over a point or over a line.

use super::plot::Point;

/// A rectangle: left, top, right, bottom.
type Rectangle = (f64, f64, f64, f64);

/// Where a label stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placed {
    /// Its centre.
    pub centre: Point,
    /// Ends of the line that leads there; none: it is beside its point.
    pub leader: Option<(Point, Point)>,
}

/// What is taken within a frame.
#[derive(Debug, Clone)]
pub struct Labels {
    frame: Rectangle,
    taken: Vec<Rectangle>,
    /// Labels, which a line may not cross.
    labels: Vec<Rectangle>,
}

/// Directions in which a label is tried, best first.
const DIRECTIONS: [(f64, f64); 16] = [
    (1.0, 0.0),
    (0.0, -1.0),
    (-1.0, 0.0),
    (0.0, 1.0),
    (0.75, -0.75),
    (-0.75, -0.75),
    (0.75, 0.75),
    (-0.75, 0.75),
    (0.92, -0.38),
    (0.38, -0.92),
    (-0.38, -0.92),
    (-0.92, -0.38),
    (-0.92, 0.38),
    (-0.38, 0.92),
    (0.38, 0.92),
    (0.92, 0.38),
];

/// Distances at which it is tried.
const RINGS: i32 = 30;

impl Labels {
    /// Nothing is taken within a frame of this corner and size.
    #[must_use]
    pub fn new((left, top): Point, (width, height): Point) -> Self {
        Self { frame: (left, top, left + width, top + height), taken: Vec::new(), labels: Vec::new() }
    }

    /// Takes the square around a point.
    pub fn occupy(&mut self, (x, y): Point, radius: f64) {
        self.taken.push((x - radius, y - radius, x + radius, y + radius));
    }

    /// Takes what lies within `radius` of a straight line.
    pub fn occupy_line(&mut self, from: Point, to: Point, radius: f64) {
        for at in along(from, to, radius.max(1.0)) {
            self.occupy(at, radius);
        }
    }

    /// The place for a label of size `text` beside a point, at least `gap` away.
    pub fn place(&mut self, (x, y): Point, (width, height): Point, gap: f64) -> Placed {
        // In a crowd a line over a label is better than no label.
        let tries = [true, false].into_iter().flat_map(|strict| (0..RINGS).map(move |ring| (strict, ring)));
        for (strict, ring) in tries {
            let distance = gap * (1.0 + 0.7 * f64::from(ring));
            for (dx, dy) in DIRECTIONS {
                let (right, down) = (width / 2.0, height / 2.0);
                let centre = (x + dx * (distance + right), y + dy * (distance + down));
                let label = (centre.0 - right, centre.1 - down, centre.0 + right, centre.1 + down);
                if !self.is_free(label) {
                    continue;
                }
                let leader = (ring > 1).then(|| ((x, y), outside(label, (x, y), centre)));
                if strict && leader.is_some_and(|(from, to)| self.crosses_a_label(from, to)) {
                    continue;
                }
                self.taken.push(label);
                self.labels.push(label);
                if let Some((from, to)) = leader {
                    self.occupy_line(from, to, 2.0);
                }
                return Placed { centre, leader };
            }
        }
        Placed { centre: (x + gap + width / 2.0, y), leader: None }
    }

    fn is_free(&self, label: Rectangle) -> bool {
        let inside =
            label.0 > self.frame.0 && label.1 > self.frame.1 && label.2 < self.frame.2 && label.3 < self.frame.3;
        inside && !self.taken.iter().any(|other| overlap(*other, label))
    }

    fn crosses_a_label(&self, from: Point, to: Point) -> bool {
        let dot = |(x, y): Point| (x - 1.0, y - 1.0, x + 1.0, y + 1.0);
        along(from, to, 2.0).any(|at| self.labels.iter().any(|label| overlap(*label, dot(at))))
    }
}

/// Points on a straight line, so far apart at most.
fn along(from: Point, to: Point, step: f64) -> impl Iterator<Item = Point> {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let steps = (dx.abs().max(dy.abs()) / step).floor().max(1.0);
    (0..=steps as u32).map(f64::from).map(move |number| (from.0 + dx * number / steps, from.1 + dy * number / steps))
}

/// The last point on the way to a label that lies outside of it.
fn outside(label: Rectangle, from: Point, centre: Point) -> Point {
    let (left, top, right, bottom) = label;
    let inside = |(x, y): Point| (left..=right).contains(&x) && (top..=bottom).contains(&y);
    along(from, centre, 1.0).take_while(|at| !inside(*at)).last().unwrap_or(from)
}

fn overlap(a: Rectangle, b: Rectangle) -> bool {
    a.0 < b.2 && b.0 < a.2 && a.1 < b.3 && b.1 < a.3
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Labels of so many points that lie close to each other, beside a line.
    fn crowd(points: u32) -> (Labels, Vec<Rectangle>, Vec<Placed>) {
        let mut labels = Labels::new((0.0, 0.0), (400.0, 300.0));
        let points: Vec<Point> = (0..points).map(|k| (f64::from(200 + 3 * k), f64::from(150 + 2 * (k % 3)))).collect();
        points.iter().for_each(|point| labels.occupy(*point, 5.0));
        labels.occupy_line((180.0, 20.0), (180.0, 280.0), 4.0);
        let before = labels.taken.clone();
        let placed = points.iter().map(|point| labels.place(*point, (16.0, 13.0), 8.0)).collect();
        (labels, before, placed)
    }

    #[test]
    fn labels_of_a_crowd_do_not_overlap() {
        let (labels, before, _) = crowd(12);
        assert_eq!(labels.labels.len(), 12);
        for (number, label) in labels.labels.iter().enumerate() {
            assert!(before.iter().all(|taken| !overlap(*taken, *label)), "over a point or a line");
            assert!(labels.labels.iter().enumerate().all(|(other, taken)| other == number || !overlap(*taken, *label)));
        }
    }

    #[test]
    fn lines_to_labels_cross_no_label() {
        let (labels, _, placed) = crowd(7);
        assert!(placed.iter().any(|placed| placed.leader.is_some()));
        for (number, placed) in placed.iter().enumerate() {
            let Some((from, to)) = placed.leader else { continue };
            let others = || labels.labels.iter().enumerate().filter(|(other, _)| *other != number);
            let crosses =
                |(x, y): Point| others().any(|(_, label)| overlap(*label, (x - 1.0, y - 1.0, x + 1.0, y + 1.0)));
            assert!(!along(from, to, 2.0).any(crosses), "{number}");
        }
    }
}
