//! Clustering of numbers: k-means in one dimension, where clusters are ranges of the sorted values.

mod exact;
mod lloyd;
mod partition;
mod seeding;
mod sorted;

pub(super) use partition::cluster;
