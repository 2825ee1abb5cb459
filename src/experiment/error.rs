//! What can go wrong between an experiment file and its rows.

use std::path::{Path, PathBuf};

use super::place::Place;
use crate::ckks::CkksError;
use crate::dataset::{DatasetError, DatasetName};
use crate::inference::InferenceError;
use crate::network::NetworkError;
use crate::parties::PartyError;
use crate::ring::RingError;
use crate::training::TrainingError;
use crate::user_file;

/// An error of the `experiment` floor; its text says what to change.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// A file cannot be read.
    #[error("cannot read {}: {source}{}", path.display(), user_file::advice(source, "; check the path and its permissions"))]
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
    /// Prices that were asked for are none.
    #[error("{place}: {problem}")]
    Prices {
        /// The variable or file.
        place: String,
        /// What is wrong and what to change.
        problem: String,
    },
    /// The output directory holds something that is no result.
    #[error(
        "the output directory {} is not empty (it holds {example:?}, and no results); nothing is ever overwritten: choose another directory, or move it away",
        path.display()
    )]
    OutputOccupied {
        /// The directory.
        path: PathBuf,
        /// Name of one entry found in it.
        example: String,
    },
    /// The output directory holds the results of another experiment.
    #[error(
        "{} holds results of the experiment `{found}`, not of `{expected}`; choose another directory, or correct the experiment's name",
        path.display()
    )]
    OtherExperiment {
        /// The directory.
        path: PathBuf,
        /// Name of the experiment that is there.
        found: String,
        /// Name of the experiment that is to run.
        expected: String,
    },
    /// Another run has the output directory.
    #[error("{} is in use by {holder}; wait for that run to end, or choose another directory", path.display())]
    Locked {
        /// The directory.
        path: PathBuf,
        /// Who has it.
        holder: String,
    },
    /// The output directory cannot be written to.
    #[error("cannot write to the output directory {}: {source}; choose another directory, or change its permissions", path.display())]
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
    #[error(
        "{} has other columns than this version of leveled writes: {difference}; it stays as it is: use a new --out, or the version that wrote it",
        path.display()
    )]
    TableHeader {
        /// The table.
        path: PathBuf,
        /// How its first line differs from the one that belongs there.
        difference: String,
    },
    /// A line of a table is not what was written.
    #[error("line {line} of {} is damaged: {reason}; restore it, or {}", path.display(), without_line(path))]
    TableDamaged {
        /// The table.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What the reader said.
        reason: String,
    },
    /// The provenance of a results directory is not what was written.
    #[error("{} is damaged: {reason}; restore it, or move it away to begin a new one", path.display())]
    ProvenanceDamaged {
        /// The file.
        path: PathBuf,
        /// What the parser said.
        reason: String,
    },
    /// A row could not be appended.
    #[error("cannot append to {}: {source}; {}", path.display(), advice(source))]
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
        "predicted to need {predicted} of memory, more than the limit of {limit} (`memory.limit`, `--max-memory`, or what the machine, its control group and `ulimit -v` leave); lower `log_n`, the width, `memory.diagonals`, or `memory.working` in the channel and tiled layouts, take more `tiles`, or raise the limit if there is more"
    )]
    Memory {
        /// Predicted peak.
        predicted: super::byte_size::ByteSize,
        /// The limit in force.
        limit: super::byte_size::ByteSize,
    },
    /// There is no room to do anything.
    #[error(
        "`ulimit` leaves this process {left} of memory, less than the {least} that it needs before anything; raise it (`ulimit -v`, `-d`)"
    )]
    LittleMemory {
        /// What is left.
        left: super::byte_size::ByteSize,
        /// What is needed.
        least: super::byte_size::ByteSize,
    },
    /// A trial cannot run.
    #[error("trial {trial_id}: {source}")]
    Trial {
        /// The trial.
        trial_id: String,
        /// Why.
        source: Box<ExperimentError>,
    },
    /// A file is no longer what it was when the trial was specified.
    #[error("{what} has changed since the trial was specified; run the experiment file again")]
    Changed {
        /// What has changed.
        what: String,
    },
    /// A file is no longer what it was when the server was prepared.
    #[error(
        "{what} is not what the server was prepared with; put it back, or run `leveled server prepare` again with another --out"
    )]
    ServedChanged {
        /// What has changed.
        what: String,
    },
    /// The network was trained for other classes than the data set has.
    #[error(
        "the network knows the classes of {trained}, but the images are of {images}; set `dataset: {trained}`, or choose another model"
    )]
    DatasetMismatch {
        /// The data set in the network's card.
        trained: DatasetName,
        /// The data set of the images.
        images: DatasetName,
    },
    /// A child process could not be started.
    #[error("cannot start {}: {source}", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// Ctrl-C cannot be listened to.
    #[error("cannot listen to Ctrl-C: {reason}")]
    Signals {
        /// What the system said.
        reason: String,
    },
    /// No candidate of a search for parameters is good enough.
    #[error(
        "none of {candidates} candidates ({refused} refused) loses at most {tolerance_points} points of accuracy{closest}; {advice}"
    )]
    NoCandidate {
        /// Points that a candidate might lose.
        tolerance_points: f64,
        /// How many candidates there were.
        candidates: usize,
        /// How many of them cannot be evaluated.
        refused: usize,
        /// What the closest loses, if one was evaluated.
        closest: String,
        /// What to do.
        advice: &'static str,
    },
    /// A simulation of a candidate failed.
    #[error("the simulation of {candidate} failed; the column `reason` of {} says why", table.display())]
    Simulation {
        /// The candidate and its images.
        candidate: String,
        /// The table of trials.
        table: PathBuf,
    },
    /// A trial came to its end, but not all rows of its images are there.
    #[error(
        "{} has {rows} of the {expected} rows of images of trial {trial_id}, which came to its end; put them back, or remove the directory to \
         simulate again", directory.display()
    )]
    MissingImages {
        /// The results directory.
        directory: PathBuf,
        /// The trial.
        trial_id: String,
        /// How many there are.
        rows: usize,
        /// How many images it is of.
        expected: usize,
    },
    /// An evaluation gave nothing back.
    #[error("the evaluation of an image gave no logits; this is a fault of the program")]
    NoOutcome,
    /// Threads could not be started.
    #[error("cannot start {threads} thread(s): {reason}; ask for fewer")]
    Threads {
        /// How many were asked for.
        threads: u32,
        /// What the system said.
        reason: String,
    },
    /// A network or its card cannot be used.
    #[error(transparent)]
    Network(#[from] NetworkError),
    /// Images cannot be used.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// Encrypted inference is refused or fails.
    #[error(transparent)]
    Private(#[from] InferenceError),
    /// A file between client and server is refused, or cannot be written.
    #[error(transparent)]
    Party(#[from] PartyError),
    /// Several trials where one network is to be served.
    #[error("{trials} trials, but a server evaluates one network; choose one with --filter KEY=VALUE ({keys})")]
    OneTrial {
        /// How many there are.
        trials: usize,
        /// Settings that differ.
        keys: String,
    },
    /// A trial that is not encrypted.
    #[error("a server evaluates what is encrypted; set `backend: encrypted`")]
    NotEncrypted,
    /// A server's directory has the plan of something else.
    #[error(
        "{} has another plan, which keys of clients may be for; choose another --out, or remove it", path.display()
    )]
    OtherPlan {
        /// The directory.
        path: PathBuf,
    },
    /// A directory that is no server's.
    #[error("{0} is not prepared; name an experiment: leveled server prepare EXPERIMENT --out {0}", path.display())]
    NotPrepared {
        /// The directory.
        path: PathBuf,
    },
    /// A server that has no client's keys.
    #[error(
        "{0} has no client's keys yet; take them with `leveled server prepare --out {0} --keys FILE`, or name them with --keys", path.display()
    )]
    NoKeys {
        /// The server's directory.
        path: PathBuf,
    },
    /// The process of a server did not do what it was to do.
    #[error("the server's process {reason}")]
    ServerProcess {
        /// How it ended, and its last words.
        reason: String,
    },
    /// Pixels in a text that cannot be.
    #[error("line {line} of {}: {problem}", path.display())]
    Pixels {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong and what to change.
        problem: String,
    },
    /// The operating system gives no randomness.
    #[error(transparent)]
    Randomness(#[from] RingError),
    /// From the trainer.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// This program was built without the trainer.
    #[error(
        "this program was built without training: in a checkout, type eval \"$(scripts/libtorch.sh)\" and then \
         cargo run --release --features train -- train ..."
    )]
    NoTraining,
}

impl ExperimentError {
    /// Whether the cause is something the user can change (exit code 2) rather than a fault of the program (exit code 1).
    #[must_use]
    pub fn is_user_error(&self) -> bool {
        match self {
            Self::Encode { .. }
            | Self::Spawn { .. }
            | Self::Signals { .. }
            | Self::Randomness(_)
            | Self::NoOutcome
            | Self::Simulation { .. } => false,
            Self::Trial { source, .. } => source.is_user_error(),
            Self::Private(error) => !is_fault(error),
            Self::Party(error) => is_of_the_user(error),
            Self::Training(error) => error.is_user_error(),
            _ => true,
        }
    }
}

/// Whether what went wrong between two parties is for the user to change.
const fn is_of_the_user(error: &PartyError) -> bool {
    match error {
        PartyError::Inference(error) => !is_fault(error),
        PartyError::Ring(_) => false,
        _ => true,
    }
}

/// What brings back the trial of a line that cannot be restored: it is done as long as `trials.csv` says so.
fn without_line(table: &Path) -> &'static str {
    let name = table.file_name().unwrap_or_default().to_string_lossy();
    if ["layers.", "images."].iter().any(|begin| name.starts_with(begin)) {
        "remove it and its trial's line in trials.csv to run that trial again"
    } else {
        "remove that line to run its trial again"
    }
}

/// What to do about a file that cannot be written.
fn advice(source: &std::io::Error) -> &'static str {
    match source.kind() {
        std::io::ErrorKind::ReadOnlyFilesystem | std::io::ErrorKind::PermissionDenied => {
            "choose another directory, or change its permissions"
        }
        std::io::ErrorKind::NotFound => "the directory is gone; run the same command again",
        _ => "is the disk full?",
    }
}

/// Whether encrypted inference broke a rule of its own: no setting and no file leads there.
const fn is_fault(error: &InferenceError) -> bool {
    let (InferenceError::Scheme(scheme) | InferenceError::Layer { source: scheme, .. }) = error else {
        return false;
    };
    matches!(
        scheme,
        CkksError::ScaleMismatch { .. }
            | CkksError::LevelMismatch { .. }
            | CkksError::LevelTooLow { .. }
            | CkksError::MissingGaloisKey { .. }
            | CkksError::MissingRelinearizationKey { .. }
            | CkksError::Inputs { .. }
    )
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::*;

    #[test]
    fn rows_that_cannot_be_written_come_with_advice() {
        for (kind, expected) in [
            (ErrorKind::PermissionDenied, "choose another directory, or change its permissions"),
            (ErrorKind::ReadOnlyFilesystem, "choose another directory, or change its permissions"),
            (ErrorKind::NotFound, "the directory is gone; run the same command again"),
            (ErrorKind::StorageFull, "is the disk full?"),
        ] {
            let error = ExperimentError::Append { path: "out/trials.csv".into(), source: kind.into() };
            assert!(error.to_string().ends_with(&format!("; {expected}")), "{error}");
            assert!(error.is_user_error());
        }
    }
}
