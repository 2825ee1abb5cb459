//! Points of few dimensions.

/// Coordinates; those past the number of members are zero.
pub(super) type Point<const D: usize> = [f64; D];

#[inline]
pub(super) fn squared_distance<const D: usize>(a: &Point<D>, b: &Point<D>) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// The mean of each cluster's points; `None` for a cluster without points.
pub(super) fn means<const D: usize>(points: &[Point<D>], assignment: &[u32], clusters: usize) -> Vec<Option<Point<D>>> {
    let mut sums = vec![([0.0; D], 0_u32); clusters];
    for (point, &cluster) in points.iter().zip(assignment) {
        let (sum, count) = &mut sums[cluster as usize];
        sum.iter_mut().zip(point).for_each(|(sum, x)| *sum += x);
        *count += 1;
    }
    let mean = |(sum, count): (Point<D>, u32)| (count > 0).then(|| sum.map(|x| x / f64::from(count)));
    sums.into_iter().map(mean).collect()
}
