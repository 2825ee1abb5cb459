//! What clustering did.

/// A slice: the weights `[.., .., .., column]` of one convolution.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SliceName {
    /// Name of the lowered layer.
    pub layer: String,
    /// Index of the convolution among the layer's terms.
    pub term: usize,
    /// Kernel column, from 0.
    pub column: usize,
}

/// What clustering did to one group of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct GroupReport {
    /// The member; `None`: all of them together.
    pub member: Option<usize>,
    /// The slice; `None`: all convolution weights and biases.
    pub slice: Option<SliceName>,
    /// Values that were clustered: weights per member, and for each channel the distinct values of its bias.
    pub values: usize,
    /// Distinct values (joint: vectors of values) before.
    pub distinct_before: usize,
    /// Distinct values (joint: vectors of values) after.
    pub distinct_after: usize,
    /// Sum over all values, and all members of the group, of the squared change. 0 for a group that was kept.
    pub inertia: f64,
    /// Iterations of Lloyd; for the exact algorithm, penalties that were tried. 0 for a group that was kept.
    pub iterations: usize,
    /// Whether the group had no more than K distinct values and stayed as it was.
    pub kept: bool,
}

/// What clustering did.
#[derive(Debug, Clone, PartialEq)]
pub struct ClusterReport {
    /// One entry per group: member by member, each in the order of layers, terms and columns.
    pub groups: Vec<GroupReport>,
    /// Norm of the change of all convolution weights, relative to the norm of the weights. Biases are left out.
    pub relative_error: f64,
}

impl ClusterReport {
    /// How many groups stayed as they were.
    #[must_use]
    pub fn kept(&self) -> usize {
        self.groups.iter().filter(|group| group.kept).count()
    }
}
