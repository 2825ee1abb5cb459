//! Networks in the clear: graphs, weights, forward evaluation, folding.

pub mod lowered;
