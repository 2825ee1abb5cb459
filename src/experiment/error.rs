//! What can go wrong between an experiment file and its rows.

use std::path::PathBuf;

use super::locate::Place;

/// An error of the `experiment` floor; its text says what to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}; check the path and its permissions", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A place in a YAML file is not what it should be.
    #[error("{place}: {problem}")]
    Setting {
        /// File, line, column and key.
        place: Place,
        /// What is wrong and what to change.
        problem: String,
    },
    /// A value on the command line is not possible.
    #[error("{name}: {problem}")]
    Argument {
        /// The argument, such as `--log-n`.
        name: &'static str,
        /// What is wrong and what to change.
        problem: String,
    },
    /// The output directory already holds something.
    #[error(
        "the output directory {} is not empty (it holds {example:?}); results are never overwritten: choose another --out, or move it away",
        path.display()
    )]
    OutputOccupied {
        /// The directory.
        path: PathBuf,
        /// Name of one entry found in it.
        example: String,
    },
    /// The output directory cannot be written to.
    #[error("cannot write to the output directory {}: {source}; choose another --out, or change its permissions", path.display())]
    OutputNotWritable {
        /// The directory.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A directory that should hold results does not.
    #[error("{} holds no results ({missing} is missing); name a directory that `leveled run` wrote", path.display())]
    NoResults {
        /// The directory.
        path: PathBuf,
        /// The file that was looked for.
        missing: &'static str,
    },
    /// A table has another header than this version writes.
    #[error("{} has other columns than this version of leveled writes (found {found:?}, expected {expected:?}); use a new --out", path.display())]
    TableHeader {
        /// The table.
        path: PathBuf,
        /// Its first line.
        found: String,
        /// The first line that belongs there.
        expected: String,
    },
    /// The last line of a table was cut short, by a full disk or a loss of power.
    #[error("{} ends in an incomplete line; remove that line (nothing before it is lost) and try again", path.display())]
    TableCut {
        /// The table.
        path: PathBuf,
    },
    /// A row could not be appended.
    #[error("cannot append to {}: {source}; is the disk full?", path.display())]
    Append {
        /// The table or file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A row or file could not be turned into text.
    #[error("cannot encode {what}: {reason}")]
    Encode {
        /// What was to be written.
        what: &'static str,
        /// Why not.
        reason: String,
    },
    /// A trial specification written for a child process cannot be understood.
    #[error("{} is not a trial specification of this version of leveled: {reason}; run the experiment file instead", path.display())]
    TrialSpec {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        reason: String,
    },
    /// The plan needs more memory than is allowed.
    #[error(
        "trial {trial_id} is predicted to need {predicted}, more than the limit of {limit}; lower `memory.diagonals`, or raise `memory.limit` if the machine has more"
    )]
    Memory {
        /// The trial.
        trial_id: String,
        /// Predicted peak.
        predicted: super::byte_size::ByteSize,
        /// The limit in force.
        limit: super::byte_size::ByteSize,
    },
    /// A child process could not be started.
    #[error("cannot start {}: {source}", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Encrypted evaluation is refused or fails.
    #[error("{reason}")]
    Evaluation {
        /// What went wrong and what to change.
        reason: String,
        /// Whether a setting or a file of the user is the cause.
        user: bool,
    },
}

impl ExperimentError {
    /// Whether the cause is something the user can change (exit code 2) rather than a fault of the program (exit code 1).
    #[must_use]
    pub const fn is_user_error(&self) -> bool {
        match self {
            Self::Encode { .. } | Self::Spawn { .. } => false,
            Self::Evaluation { user, .. } => *user,
            _ => true,
        }
    }
}
