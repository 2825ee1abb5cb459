//! Clustering of vectors, which joint clustering needs: a vector holds the weights of one position in all members.

mod blocks;
mod lloyd;
mod neighbours;
mod point;
mod positions;
mod scan;
mod seeding;

pub use positions::MOST_JOINT_MEMBERS;
pub(super) use positions::cluster;
