//! Errors as a user of the command line meets them.

use crate::experiment::ExperimentError;
use crate::experiment::run::EXIT_CODE;
use crate::report::ReportError;
use crate::ring::RingError;

/// An error of the command line.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// From the experiment.
    #[error(transparent)]
    Experiment(#[from] ExperimentError),
    /// From the report.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// The environment asks for kernels that there are not.
    #[error(transparent)]
    Kernels(#[from] RingError),
    /// Standard output cannot be written.
    #[error("cannot write to standard output: {source}")]
    Output {
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A report of several directories does not say where it is to go.
    #[error("a report of {directories} directories needs --out DIR, a directory of its own")]
    ReportNeedsOut {
        /// How many directories.
        directories: usize,
    },
    /// Some trials failed; their rows say why.
    #[error(
        "{failed} of {total} trial(s) failed, {left} were not started; the column `reason` of {table} says why; run them again with: {retry}"
    )]
    TrialsFailed {
        /// How many failed.
        failed: usize,
        /// How many there were.
        total: usize,
        /// How many were not started.
        left: usize,
        /// The table of trials.
        table: String,
        /// What to type to run them again.
        retry: String,
    },
    /// A comparison found what it was to find.
    #[error("{worse} of {total} trial(s) got worse")]
    Worse {
        /// How many got worse.
        worse: usize,
        /// How many were compared.
        total: usize,
    },
    /// A run was asked to end before its end.
    #[error("interrupted, {left} trial(s) were not started; go on with: {resume}")]
    Interrupted {
        /// How many trials were not started.
        left: usize,
        /// What to type to go on.
        resume: String,
    },
    /// A search for parameters was asked to end before its end.
    #[error("interrupted; what was simulated is kept, and the same command goes on")]
    SearchInterrupted,
    /// A training was asked to end before its end.
    #[error("interrupted after {done} of {epochs} epochs; the same command goes on")]
    TrainingInterrupted {
        /// Epochs done.
        done: usize,
        /// Epochs asked for.
        epochs: u32,
    },
}

impl CliError {
    /// 2 if the user can change the cause, 130 after Ctrl-C, 1 otherwise.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let user = match self {
            Self::Experiment(error) => error.is_user_error(),
            Self::Report(error) => error.is_user_error(),
            // As a full disk is for a file.
            Self::Kernels(_) | Self::ReportNeedsOut { .. } | Self::Output { .. } => true,
            Self::Interrupted { .. } | Self::SearchInterrupted | Self::TrainingInterrupted { .. } => return EXIT_CODE,
            Self::TrialsFailed { .. } | Self::Worse { .. } => false,
        };
        if user { 2 } else { 1 }
    }

    /// The text, followed by causes that it does not already tell.
    #[must_use]
    pub fn with_causes(&self) -> String {
        let mut text = self.to_string();
        let mut cause = std::error::Error::source(self);
        while let Some(error) = cause {
            let words = error.to_string();
            if !text.contains(&words) {
                text += ": ";
                text += &words;
            }
            cause = error.source();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_told_once() {
        let source = std::io::Error::other("disk on fire");
        let error = CliError::from(ExperimentError::Append { path: "trials.csv".into(), source });
        assert_eq!(error.with_causes(), "cannot append to trials.csv: disk on fire; is the disk full?");
        assert_eq!(error.exit_code(), 2);
        let failed = CliError::TrialsFailed {
            failed: 1,
            total: 3,
            left: 0,
            table: "trials.csv".into(),
            retry: "leveled run e.yaml --out x --retry-failed".into(),
        };
        assert_eq!(failed.exit_code(), 1);
        let interrupted = CliError::Interrupted { left: 2, resume: "leveled run e.yaml --out x".into() };
        assert_eq!(interrupted.exit_code(), 130);
        assert!(interrupted.to_string().contains("2 trial(s) were not started; go on with: leveled run"));
    }
}
