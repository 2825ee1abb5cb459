//! Tables and figures from recorded rows. Everything here is made from the files of a results directory, never from memory.

mod accuracy_rows;
pub mod accuracy_text;
pub mod columns;
pub mod data_text;
pub mod error;
mod failures;
pub mod figures;
pub mod format;
mod groups;
mod html;
pub mod inference_text;
pub mod inspection_text;
pub mod left_out;
pub mod level_text;
mod measures;
pub mod operations_text;
pub mod paper;
pub mod parquet;
pub mod plan_text;
pub mod published;
mod row_tables;
pub mod rows;
pub mod run_text;
mod security;
mod spread;
mod spreadsheet;
pub mod summary;
pub mod table;
pub mod tables;
pub mod text_table;
mod trade_off;
pub mod training_text;
mod words;

pub use error::ReportError;
