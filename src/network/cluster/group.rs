//! Groups of weights that share one set of values.

use std::ops::Range;

use super::draws::Draws;
use super::options::{ClusterMode, ClusterOptions};
use super::part::Part;
use super::report::GroupReport;
use super::{line, vector};
use crate::network::lowered::LoweredNetwork;

/// Parts of one or more members whose values are clustered together.
pub(super) struct Group {
    members: Range<usize>,
    /// The parts, each with the number of its values in one member.
    parts: Vec<(Part, usize)>,
    /// Number of the first part, for the random draws.
    first: usize,
}

/// What clustering finds for the values of a group; one list per member.
pub(super) struct Clustered {
    /// What replaces each value, in the order of the values; `None`: they stay.
    pub(super) replacements: Option<Vec<Vec<f64>>>,
    pub(super) distinct_before: usize,
    pub(super) distinct_after: usize,
    pub(super) inertia: f64,
    pub(super) iterations: usize,
}

impl Clustered {
    /// Values that stay because there are no more than K distinct ones.
    pub(super) const fn kept(distinct: usize) -> Self {
        Self { replacements: None, distinct_before: distinct, distinct_after: distinct, inertia: 0.0, iterations: 0 }
    }
}

impl Group {
    /// All groups of `members`, which are of one graph.
    pub(super) fn all(members: &[LoweredNetwork], mode: ClusterMode) -> Vec<Self> {
        match mode {
            ClusterMode::Full => {
                let each = members.iter().enumerate();
                each.map(|(index, member)| Self::whole(index, member)).collect()
            }
            ClusterMode::Slice => {
                let each = members.iter().enumerate();
                each.flat_map(|(index, member)| Self::slices(index..index + 1, member)).collect()
            }
            ClusterMode::Joint => {
                members.first().map_or_else(Vec::new, |member| Self::slices(0..members.len(), member))
            }
        }
    }

    fn whole(index: usize, member: &LoweredNetwork) -> Self {
        let parts = Part::slices(member).into_iter().chain(Part::biases(member));
        let parts = parts.map(|part| (part, part.values(member).len())).collect();
        Self { members: index..index + 1, parts, first: 0 }
    }

    /// A group for each slice of `members`, of which `member` is one.
    fn slices(members: Range<usize>, member: &LoweredNetwork) -> Vec<Self> {
        let slices = Part::slices(member).into_iter().enumerate();
        let group = |(first, part): (usize, Part)| {
            let parts = vec![(part, part.values(member).len())];
            Self { members: members.clone(), parts, first }
        };
        slices.map(group).collect()
    }

    /// How many values the group has in one member.
    pub(super) fn values(&self) -> usize {
        self.parts.iter().map(|(_, values)| values).sum()
    }

    /// Finds the values that replace those of the group.
    pub(super) fn cluster(&self, members: &[LoweredNetwork], options: &ClusterOptions) -> Clustered {
        let values = |member: &LoweredNetwork| self.parts.iter().flat_map(|(part, _)| part.values(member)).collect();
        let mut values: Vec<Vec<f64>> = members[self.members.clone()].iter().map(values).collect();
        let draws = Draws::new(options.seed, self.members.start, self.first);
        match values.as_mut_slice() {
            [only] => line::cluster(std::mem::take(only), options, draws),
            _ => vector::cluster(&values, options, draws),
        }
    }

    /// Puts what was found into `members`.
    pub(super) fn replace(&self, members: &mut [LoweredNetwork], found: &Clustered) {
        let Some(replacements) = &found.replacements else { return };
        for (member, replacements) in members[self.members.clone()].iter_mut().zip(replacements) {
            let mut rest = replacements.as_slice();
            for (part, values) in &self.parts {
                let (own, after) = rest.split_at(*values);
                part.replace(member, own);
                rest = after;
            }
        }
    }

    pub(super) fn report(&self, members: &[LoweredNetwork], found: &Clustered) -> GroupReport {
        GroupReport {
            member: (self.members.len() == 1).then_some(self.members.start),
            slice: if let [(part, _)] = self.parts[..] { part.name(&members[self.members.start]) } else { None },
            values: self.values(),
            distinct_before: found.distinct_before,
            distinct_after: found.distinct_after,
            inertia: found.inertia,
            iterations: found.iterations,
            kept: found.replacements.is_none(),
        }
    }
}
