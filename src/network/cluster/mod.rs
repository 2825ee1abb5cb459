//! Weight clustering: convolutions with few distinct weights (method section 6).
//!
//! It works on the lowered network, after folding and redistribution, because those are the weights that encrypted
//! inference multiplies with. Identity shortcuts ([`LinearMap::ChannelScale`](super::lowered::LinearMap::ChannelScale))
//! and dense maps keep their weights. `docs/clustering.md` has the modes, the algorithms and measured figures.

mod draws;
mod driver;
mod group;
mod line;
mod options;
mod part;
mod report;
mod scale;
mod sum_tree;
mod vector;

pub use driver::cluster;
pub use options::{ClusterAlgorithm, ClusterMode, ClusterOptions};
pub use report::{ClusterReport, GroupReport, SliceName};
pub use vector::MOST_JOINT_MEMBERS;
