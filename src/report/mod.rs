//! Tables and figures from recorded rows. Everything here is made from the files of a results directory, never from memory.

pub mod accuracy_text;
pub mod data_text;
pub mod error;
pub mod figures;
pub mod format;
pub mod inference_text;
pub mod plan_text;
pub mod run_text;
pub mod summary;
pub mod table;
pub mod tables;
pub mod text_table;
pub mod training_text;

pub use error::ReportError;
