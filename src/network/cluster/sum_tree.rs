//! Weighted choice among many, with weights that change.

/// A binary tree of sums over non-negative weights. Sums are of their two children, so no error builds up over changes.
pub(super) struct SumTree {
    leaves: usize,
    /// Node 1 is the root; the children of `i` are `2 i` and `2 i + 1`.
    sums: Vec<f64>,
}

impl SumTree {
    /// Room for `count` weights, all zero.
    pub(super) fn new(count: usize) -> Self {
        let leaves = count.next_power_of_two();
        Self { leaves, sums: vec![0.0; 2 * leaves] }
    }

    pub(super) fn set(&mut self, index: usize, weight: f64) {
        let mut node = self.leaves + index;
        self.sums[node] = weight;
        while node > 1 {
            node /= 2;
            self.sums[node] = self.sums[2 * node] + self.sums[2 * node + 1];
        }
    }

    pub(super) fn total(&self) -> f64 {
        self.sums[1]
    }

    /// The index whose weights cover `target`, counted from the first, and what of `target` lies in it. Never an index of
    /// weight zero if there is any other.
    pub(super) fn find(&self, mut target: f64) -> (usize, f64) {
        let mut node = 1;
        while node < self.leaves {
            let [left, right] = [self.sums[2 * node], self.sums[2 * node + 1]];
            let second = target >= left && right > 0.0;
            target -= if second { left } else { 0.0 };
            node = 2 * node + usize::from(second);
        }
        (node - self.leaves, target)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_fall_where_the_running_sum_says() {
        let mut tree = SumTree::new(5);
        for (index, weight) in [1.0, 0.0, 2.0, 0.0, 4.0].into_iter().enumerate() {
            tree.set(index, weight);
        }
        assert_eq!(tree.total(), 7.0);
        let found = [0.0, 0.5, 1.0, 2.75, 3.0, 6.5, 7.0].map(|target| tree.find(target));
        // The last target, past the end as by a rounding error, still falls on a weight.
        assert_eq!(found, [(0, 0.0), (0, 0.5), (2, 0.0), (2, 1.75), (4, 0.0), (4, 3.5), (4, 4.0)]);
        tree.set(4, 0.0);
        assert_eq!((tree.total(), tree.find(3.5).0), (3.0, 2));
        assert_eq!(SumTree::new(1).find(0.0).0, 0);
    }
}
