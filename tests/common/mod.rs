//! What several integration tests need.

pub mod program;
pub mod tiny_model;
