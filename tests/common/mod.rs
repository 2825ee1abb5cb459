//! What several integration tests need.

pub mod processes;
pub mod program;
pub mod rows;
#[allow(dead_code, reason = "not every test uses it")]
pub mod small;
#[allow(dead_code, reason = "not every test uses it")]
pub mod synthetic;
pub mod tiny_model;
