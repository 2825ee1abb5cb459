//! What is looked for in a checkpoint.

use crate::dataset::DatasetName;
use crate::network::Shortcut;

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Wanted {
    /// Name of the network, one of the [registry](crate::network::registry).
    pub network: String,
    /// The data set; none: the one of as many classes.
    pub dataset: Option<DatasetName>,
    /// The shortcut where the shape changes; none: projections if there are tensors for them, [`Shortcut::Pad`] otherwise.
    pub shortcut: Option<Shortcut>,
    /// The prefix of the tensors; none: the only one under which all tensors lie, or the only one that is no average.
    pub from: Option<String>,
}
