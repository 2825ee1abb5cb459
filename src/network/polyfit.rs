//! Polynomials that approximate ReLU, with coefficients that are multiples of a power of two (method section 2).

/// The quadratic `c0 + c1 x + c2 x^2` whose coefficients are multiples of `2^-bits` and whose squared distance to ReLU, summed over
/// `samples` equidistant points of `[-interval, interval]` (ends included), is the least among all of these: the exact optimum, which
/// rounding the real optimum need not give. Order c0, c1, c2. The search is long for intervals much below 0.01.
#[must_use]
pub fn relu_fit(interval: f64, samples: usize, bits: u32) -> [f64; 3] {
    let step = 2.0 * interval / (samples.max(2) - 1) as f64;
    let points = (0..samples).map(|index| -interval + step * index as f64);
    let (mut gram, mut target) = ([[0.0; 3]; 3], [0.0; 3]);
    for x in points {
        let powers = [1.0, x, x * x];
        for row in 0..3 {
            target[row] += powers[row] * x.max(0.0);
            for column in 0..3 {
                gram[row][column] += powers[row] * powers[column];
            }
        }
    }
    let scale = 2f64.powi(bits as i32);
    let optimum = solve(gram, target).map(|coefficient| coefficient * scale);
    nearest_integers(&cholesky(gram), optimum).map(|coefficient| coefficient / scale)
}

/// The solution of `gram x = target` for a symmetric positive definite matrix.
fn solve(gram: [[f64; 3]; 3], target: [f64; 3]) -> [f64; 3] {
    let upper = cholesky(gram);
    let mut middle = [0.0; 3];
    for row in 0..3 {
        let known: f64 = (0..row).map(|k| upper[k][row] * middle[k]).sum();
        middle[row] = (target[row] - known) / upper[row][row];
    }
    let mut solution = [0.0; 3];
    for row in (0..3).rev() {
        let known: f64 = (row + 1..3).map(|k| upper[row][k] * solution[k]).sum();
        solution[row] = (middle[row] - known) / upper[row][row];
    }
    solution
}

/// The upper triangular `r` with `r^T r = gram`.
fn cholesky(gram: [[f64; 3]; 3]) -> [[f64; 3]; 3] {
    let mut upper = [[0.0; 3]; 3];
    for row in 0..3 {
        for column in row..3 {
            let known: f64 = (0..row).map(|k| upper[k][row] * upper[k][column]).sum();
            let rest = gram[row][column] - known;
            upper[row][column] = if row == column { rest.sqrt() } else { rest / upper[row][row] };
        }
    }
    upper
}

/// The integers `z` that minimise `|r (z - centre)|` for an upper triangular `r`: a search through all that can be nearer than the
/// best so far (Fincke and Pohst 1985).
fn nearest_integers(upper: &[[f64; 3]; 3], centre: [f64; 3]) -> [f64; 3] {
    let mut best = (f64::INFINITY, centre.map(f64::round));
    search(upper, centre, 3, [0.0; 3], 0.0, &mut best);
    best.1
}

fn search(
    upper: &[[f64; 3]; 3],
    centre: [f64; 3],
    free: usize,
    chosen: [f64; 3],
    distance: f64,
    best: &mut (f64, [f64; 3]),
) {
    let Some(row) = free.checked_sub(1) else {
        if distance < best.0 {
            *best = (distance, chosen);
        }
        return;
    };
    let pull: f64 = (free..3).map(|k| upper[row][k] * (chosen[k] - centre[k])).sum();
    let middle = centre[row] - pull / upper[row][row];
    // Integers by increasing distance from the middle, until one is too far.
    let (mut below, mut above) = (middle.floor(), middle.floor() + 1.0);
    loop {
        let value = if middle - below <= above - middle { below } else { above };
        let further = distance + (upper[row][row] * (value - middle)).powi(2);
        // Sums that are not finite end the search, too.
        if further >= best.0 || !further.is_finite() {
            return;
        }
        if value == below {
            below -= 1.0;
        } else {
            above += 1.0;
        }
        let mut next = chosen;
        next[row] = value;
        search(upper, centre, row, next, further, best);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn squared_distance(interval: f64, samples: usize, [c0, c1, c2]: [f64; 3]) -> f64 {
        let step = 2.0 * interval / (samples - 1) as f64;
        let points = (0..samples).map(|index| -interval + step * index as f64);
        points.map(|x| (x.max(0.0) - c0 - x * (c1 + x * c2)).powi(2)).sum()
    }

    #[test]
    fn the_articles_quadratic() {
        // Method section 2.
        let fit = relu_fit(2.0, 400, 10);
        assert_eq!(fit.map(|coefficient| coefficient * 1024.0), [193.0, 512.0, 239.0]);
        assert!(((squared_distance(2.0, 400, fit) / 400.0).sqrt() - 0.0723).abs() < 5e-5);
    }

    #[test]
    fn no_multiple_nearby_is_better() {
        for (interval, samples, bits) in [
            (0.01, 400, 10),
            (0.01, 3, 40),
            (1e6, 400, 10),
            (2.0, 400, 10),
            (2.0, 400, 3),
            (1.5, 7, 2),
            (8.0, 400, 4),
            (3.0, 100, 0),
        ] {
            let fit = relu_fit(interval, samples, bits);
            let unit = 0.5_f64.powi(bits as i32);
            let found = squared_distance(interval, samples, fit);
            for offset in 0..9_i32.pow(3) {
                let digit = |place: u32| f64::from(offset / 9_i32.pow(place) % 9 - 4) * unit;
                let other = [fit[0] + digit(0), fit[1] + digit(1), fit[2] + digit(2)];
                assert!(squared_distance(interval, samples, other) >= found * (1.0 - 1e-9), "{fit:?} {other:?}");
            }
        }
    }
}
