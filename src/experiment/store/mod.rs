//! The results directory: append-only tables, each row written whole and at once, nothing ever rewritten. A version that writes more
//! columns begins a further file of the table.

mod directory;
mod gathering;
pub mod header;
mod index;
mod journal;
mod lock;
mod part;
mod reserve;
mod run_directory;
mod table_file;
mod whole_file;

pub use directory::{Store, image_rows, trial_rows};
pub use gathering::Gathered;
pub use journal::TrialRecord;
pub use lock::{DirectoryLock, Holder, ended_by_itself};
pub use part::TornRow;
pub use run_directory::{Content, Recovery, RunDirectory};
pub use table_file::{newest_part, table_parts};
pub use whole_file::{files_beside, write_json, write_whole};
