//! What can go wrong between recorded rows and a report.

use std::path::PathBuf;

use crate::experiment::ExperimentError;

/// An error of the `report` floor.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// The results directory cannot be read or written.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// A table is damaged.
    #[error("cannot read the table {}: {reason}; was it edited by hand?", path.display())]
    Table {
        /// The table.
        path: PathBuf,
        /// What the reader said.
        reason: String,
    },
    /// A cell of a table cannot be read as what its column holds.
    #[error(
        "line {line} of {}, column `{column}`: {problem}; a spreadsheet or an editor may have changed it: restore the table",
        path.display()
    )]
    Cell {
        /// The table.
        path: PathBuf,
        /// The line, from 1, the header included.
        line: u64,
        /// The column.
        column: String,
        /// What is wrong.
        problem: String,
    },
    /// A table lacks a column.
    #[error(
        "{table} has no column `{column}`; it was written by another version of leveled, or edited: restore it, or use that version"
    )]
    Column {
        /// File name of the table.
        table: &'static str,
        /// The column.
        column: String,
    },
    /// No trial of one directory is one of the other.
    #[error(
        "{} and {} have no trial in common, by id or by settings, that came to its end before; compare runs of one experiment",
        before.display(),
        after.display()
    )]
    NothingToCompare {
        /// One directory.
        before: PathBuf,
        /// The other.
        after: PathBuf,
    },
    /// A table of the report could not be computed.
    #[error("cannot compute the {what}: {reason}")]
    Compute {
        /// What was computed.
        what: &'static str,
        /// What went wrong.
        reason: String,
    },
    /// A figure could not be drawn.
    #[error("cannot draw {figure}: {reason}")]
    Draw {
        /// Name of the figure.
        figure: String,
        /// What the drawing library said.
        reason: String,
    },
}

impl ReportError {
    /// Whether the cause is something the user can change.
    #[must_use]
    pub fn is_user_error(&self) -> bool {
        match self {
            Self::Experiment(error) => error.is_user_error(),
            Self::Table { .. } | Self::Cell { .. } | Self::Column { .. } | Self::NothingToCompare { .. } => true,
            Self::Compute { .. } | Self::Draw { .. } => false,
        }
    }
}
