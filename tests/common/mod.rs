//! What several integration tests need.

pub mod processes;
pub mod program;
pub mod rows;
pub mod tiny_model;
