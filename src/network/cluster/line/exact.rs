//! The optimum of one-dimensional k-means.
//!
//! A clustering of sorted values is a path from 0 to n, whose links are ranges and cost their inertia. The cheapest path
//! of exactly K links is found by regularisation (Grønlund, Larsen, Mathiasen, Nielsen, Schneider and Song 2017,
//! arXiv 1701.07204; Aggarwal, Schieber and Tokuyama 1994): with a penalty on each link the number of links is free, and
//! one pass over the values finds the cheapest path. The least cost of K links is convex in K, so some penalty leads to K
//! links, or to paths of fewer and of more links that can be joined to one of K. Memory is O(n), and a pass takes
//! O(n log n) at most, whatever K is.

use std::cmp::Ordering;

use super::sorted::Sorted;

/// Ranges whose inertia with `penalty` for each range is least.
struct Path {
    penalty: f64,
    /// Where each range starts, and the end.
    bounds: Vec<usize>,
}

impl Path {
    const fn links(&self) -> usize {
        self.bounds.len() - 1
    }
}

/// Penalties this near to each other, relatively, are taken for the one between them: what a path of K links costs more
/// for it is of the order of the rounding errors of its cost.
const SAME_PENALTY: f64 = 1e-13;

/// The ranges of the optimal clustering (where each starts, and the end), and how many penalties were tried.
pub(super) fn optimal(sorted: &Sorted, clusters: usize) -> (Vec<usize>, usize) {
    let values = sorted.grid().len();
    if values <= clusters {
        return ((0..=values).collect(), 0);
    }
    let all = sorted.inertia(0, values);
    // Joining two neighbours on a grid of integers costs at least 1/2; keeping all together saves at most all.
    let mut few = Path { penalty: all, bounds: vec![0, values] };
    let mut many = Path { penalty: 0.25, bounds: (0..=values).collect() };
    let mut search = Search::new(sorted);
    // Many clusters of normally distributed values: inertia all * 2.7 / K^2, so a cluster more saves twice that by K.
    let mut penalty = 5.4 * all / (clusters as f64).powi(3);
    let mut passes = 0;
    while few.penalty > many.penalty * (1.0 + SAME_PENALTY) {
        // Now and then the middle, in case the guesses approach from one side.
        if passes % 4 == 3 || !(many.penalty < penalty && penalty < few.penalty) {
            penalty = (many.penalty * few.penalty).sqrt();
        }
        let path = search.cheapest(penalty);
        passes += 1;
        penalty *= (path.links() as f64 / clusters as f64).powi(3);
        match path.links().cmp(&clusters) {
            Ordering::Equal => return (path.bounds, passes),
            Ordering::Less => few = path,
            Ordering::Greater => many = path,
        }
    }
    (join(&few, &many, clusters), passes)
}

/// The cheapest path of `clusters` links from two paths that are cheapest for the same penalty, one of fewer and one of
/// more links: the beginning of the one and the end of the other. They are joined at the first link of `few` that spans
/// a link of `many` as many links before its end as are needed; exchanging ends there costs nothing more, because ranges
/// that overlap cost at most as much as ranges that contain each other (the quadrangle inequality).
fn join(few: &Path, many: &Path, clusters: usize) -> Vec<usize> {
    let skipped = many.links() - clusters;
    let spans = |&link: &usize| many.bounds[link + 1 + skipped] <= few.bounds[link + 1];
    // The last link of `few` ends where everything ends.
    let link = (0..few.links()).find(spans).unwrap_or(few.links() - 1);
    [&few.bounds[..=link], &many.bounds[link + 1 + skipped..]].concat()
}

/// Finds cheapest paths for given penalties.
struct Search<'a> {
    sorted: &'a Sorted,
    /// Cost of the cheapest path to each place.
    cost: Vec<f64>,
    /// The place before it on that path.
    previous: Vec<u32>,
    /// Of the places looked at so far, those that are the best to come from for some place ahead, each with the first
    /// such place. Both ascend.
    candidates: Vec<(u32, u32)>,
}

impl<'a> Search<'a> {
    fn new(sorted: &'a Sorted) -> Self {
        let places = sorted.grid().len() + 1;
        Self { sorted, cost: vec![0.0; places], previous: vec![0; places], candidates: Vec::new() }
    }

    /// What the cheapest path to `to` costs that comes from `from`, without the last penalty.
    #[inline]
    fn via(&self, from: u32, to: usize) -> f64 {
        self.cost[from as usize] + self.sorted.inertia(from as usize, to)
    }

    /// The path that is cheapest with `penalty` on each link.
    ///
    /// From one place on, a later place to come from stays the better one (the quadrangle inequality again), so each
    /// candidate is the best for a range of places ahead (Hirschberg and Larmore 1987; Galil and Park 1990).
    fn cheapest(&mut self, penalty: f64) -> Path {
        let end = self.sorted.grid().len();
        let mut first = 0;
        self.candidates.clear();
        self.candidates.push((0, 1));
        for place in 1..=end {
            while self.candidates.get(first + 1).is_some_and(|&(_, from)| from as usize <= place) {
                first += 1;
            }
            let best = self.candidates[first].0;
            self.cost[place] = self.via(best, place) + penalty;
            self.previous[place] = best;
            self.add(place as u32, end);
        }
        let mut bounds = vec![end];
        let mut place = end;
        while place > 0 {
            place = self.previous[place] as usize;
            bounds.push(place);
        }
        bounds.reverse();
        Path { penalty, bounds }
    }

    /// Lets `place` compete with the candidates for the places after it, up to `end`.
    fn add(&mut self, place: u32, end: usize) {
        let next = place as usize + 1;
        while let Some(&(last, from)) = self.candidates.last() {
            let start = next.max(from as usize);
            let better = |to: usize| self.via(place, to) <= self.via(last, to);
            if start > end {
                return;
            }
            if !better(start) {
                let from = first_better(start, end, better);
                self.candidates.extend(from.map(|from| (place, from as u32)));
                return;
            }
            if start > from as usize {
                // The last candidate is the best for places that are over.
                break;
            }
            self.candidates.pop();
        }
        self.candidates.push((place, next as u32));
    }
}

/// The first place after `low`, up to `end`, that is `better`: `low` is not, and from one place on all are, unless none
/// is. By steps that double, since it is likely to be near.
fn first_better(mut low: usize, end: usize, better: impl Fn(usize) -> bool) -> Option<usize> {
    if !better(end) {
        return None;
    }
    let (mut high, mut step) = (end, 1);
    while low + step < high {
        if better(low + step) {
            high = low + step;
            break;
        }
        low += step;
        step *= 2;
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        (low, high) = if better(middle) { (low, middle) } else { (middle, high) };
    }
    Some(high)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::cluster::draws::Draws;
    use crate::network::cluster::line::lloyd::Lloyd;
    use proptest::prelude::*;

    fn inertia(sorted: &Sorted, bounds: &[usize]) -> f64 {
        bounds.windows(2).map(|pair| sorted.inertia(pair[0], pair[1])).sum()
    }

    /// The least inertia of exactly 1, 2, .. `clusters` ranges, from the definition, in O(clusters n^2).
    fn least(sorted: &Sorted, clusters: usize) -> Vec<f64> {
        let n = sorted.grid().len();
        let mut cost: Vec<f64> =
            (0..=n).map(|to| if to == 0 { f64::INFINITY } else { sorted.inertia(0, to) }).collect();
        let mut found = vec![cost[n]];
        for _ in 1..clusters {
            let via =
                |to: usize| (0..to).map(|from| cost[from] + sorted.inertia(from, to)).fold(f64::INFINITY, f64::min);
            cost = (0..=n).map(via).collect();
            found.push(cost[n]);
        }
        found
    }

    /// Values of several kinds: smooth, with many equal ones, equally spaced (many optima), and in clumps.
    fn values() -> impl Strategy<Value = Vec<f64>> {
        prop_oneof![
            prop::collection::vec(-1.0..1.0_f64, 3..60),
            prop::collection::vec((-8_i32..8).prop_map(f64::from), 3..80),
            (3_i32..60).prop_map(|n| (0..n).map(f64::from).collect()),
            prop::collection::vec((0_i32..5, -1.0..1.0_f64).prop_map(|(clump, x)| f64::from(clump) * 10.0 + x), 3..60),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn it_is_the_optimum_of_every_number_of_clusters(values in values()) {
            let sorted = Sorted::new(values);
            let n = sorted.grid().len();
            for (k, least) in (1..).zip(least(&sorted, n)) {
                let (bounds, _) = optimal(&sorted, k);
                prop_assert!(bounds.windows(2).all(|pair| pair[0] < pair[1]));
                prop_assert_eq!((bounds.len(), bounds[0], bounds[k]), (k + 1, 0, n));
                let found = inertia(&sorted, &bounds);
                prop_assert!((found - least).abs() <= 1e-12 * least, "{} of {}: {} {}", k, n, found, least);
            }
        }

        #[test]
        fn lloyd_is_never_better(values in values(), clusters in 2_usize..12, seed in 0_u64..100) {
            let sorted = Sorted::new(values);
            let (bounds, _) = optimal(&sorted, clusters);
            let mut lloyd = Lloyd::new(&sorted, clusters, &mut Draws::new(seed, 0, 0));
            while lloyd.step() {}
            let local = inertia(&sorted, &lloyd.into_bounds());
            prop_assert!(inertia(&sorted, &bounds) <= local * (1.0 + 1e-12));
        }
    }

    #[test]
    fn paths_of_a_penalty_that_suits_no_number_of_links_are_joined() {
        // Eight pairs far from each other: each costs the same, so no penalty leads to 9..15 ranges.
        let values: Vec<f64> = (0..16).map(|i| f64::from(i / 2 * 1000 + i % 2)).collect();
        let sorted = Sorted::new(values);
        let pair = sorted.inertia(0, 2);
        for clusters in 9..16 {
            let (bounds, _) = optimal(&sorted, clusters);
            assert_eq!(bounds.len(), clusters + 1);
            assert_eq!(inertia(&sorted, &bounds), pair * (16 - clusters) as f64);
        }
    }

    #[test]
    fn thousands_of_clusters_take_few_passes() {
        // Quantiles of a distribution with tails.
        let values: Vec<f64> = (1..20_000).map(|i| (f64::from(i) / 20_000.0).ln()).collect();
        let sorted = Sorted::new(values);
        for clusters in [2, 64, 1024, 8192, 19_998] {
            let (bounds, passes) = optimal(&sorted, clusters);
            assert_eq!(bounds.len(), clusters + 1);
            assert!(passes <= 60, "{clusters}: {passes}");
        }
    }
}
