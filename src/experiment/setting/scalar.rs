//! Settings that are a number or a text.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{has_default, recorded_number};
use super::{Check, Ensemble, Recorded, Setting};
use crate::experiment::ExperimentError;
use crate::experiment::literal_schema::literal_schema;
use crate::experiment::locate::Problem;
use crate::network::registry;
use crate::ring::primes::MAX_LOG_N;

/// Weights as written in the experiment file: a path or a name, or a list of them for an ensemble.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged, expecting = "a path or name of weights, or a list of them for an ensemble")]
pub enum ModelFiles {
    /// A network.
    One(String),
    /// The members of an ensemble.
    Several(Vec<String>),
}

impl ModelFiles {
    /// The paths or names.
    #[must_use]
    pub fn names(&self) -> &[String] {
        match self {
            Self::One(name) => std::slice::from_ref(name),
            Self::Several(names) => names,
        }
    }
}

impl Check for ModelFiles {
    fn check(&self) -> Result<(), Problem> {
        match self.names().len() {
            0 => Err(Problem::new("the list is empty; name at least one file of weights")),
            count if count > Ensemble::MAX as usize => {
                Err(Problem::new(format!("{count} members are not possible; name 1 to {}", Ensemble::MAX)))
            }
            _ => Ok(()),
        }
    }
}

/// Name of a network's architecture.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct NetworkName(pub String);

literal_schema!(NetworkName, {
    "description": "Name of a network's architecture.",
    "enum": registry::names().collect::<Vec<_>>(),
});

impl Check for NetworkName {}

/// Channels of a network's first stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Width(#[schemars(range(min = 1))] pub u32);

impl Check for Width {
    fn check(&self) -> Result<(), Problem> {
        if self.0 > 0 { Ok(()) } else { Err(Problem::new("a network has at least 1 channel; give its width")) }
    }
}

/// log2 of the ring dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct LogN(#[schemars(range(min = Self::MIN, max = Self::MAX))] pub u32);

impl LogN {
    /// Smallest supported value.
    pub const MIN: u32 = 12;
    /// Largest supported value: the last that a security table has a line for.
    pub const MAX: u32 = MAX_LOG_N;
}

impl Check for LogN {
    fn check(&self) -> Result<(), Problem> {
        let Self(log_n) = *self;
        if (Self::MIN..=Self::MAX).contains(&log_n) {
            return Ok(());
        }
        let (min, max) = (Self::MIN, Self::MAX);
        let advice = if log_n.is_power_of_two() && (min..=max).contains(&log_n.ilog2()) {
            format!("log_n is the base-2 logarithm of N: write {} for N = {log_n}", log_n.ilog2())
        } else {
            format!(
                "log_n is the base-2 logarithm of the ring dimension; choose {min} to {max}, such as 15 for N = 32768"
            )
        };
        Err(Problem::new(format!("{log_n} is not possible; {advice}")))
    }
}

recorded_number!(LogN, u32);

impl Setting for LogN {}

/// `null`: keys and noise from the operating system's entropy. A number: reproducible, for experiments only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Seed(pub Option<u64>);

impl Check for Seed {}

recorded_number!(Seed, u64);

has_default!(Seed);

/// Number of threads; none: as many as the machine offers where the trial runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Threads(#[schemars(with = "u32", range(min = 1, max = 1024))] pub Option<u32>);

impl Threads {
    /// Most threads that make sense.
    pub const MAX: u32 = 1024;

    /// Most threads for a core: more of them hinder each other until nothing comes to an end.
    pub const MOST_PER_CORE: u32 = 16;

    /// As many as the machine offers to this process.
    #[must_use]
    pub fn all() -> u32 {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        u32::try_from(cores).unwrap_or(Self::MAX).min(Self::MAX)
    }

    /// The number in this process.
    #[must_use]
    pub fn count(self) -> u32 {
        self.0.unwrap_or_else(Self::all)
    }

    /// Checks that this machine can work with so many.
    ///
    /// # Errors
    /// [`ExperimentError::Threads`].
    pub fn check_here(self) -> Result<(), ExperimentError> {
        self.check_on(Self::all())
    }

    fn check_on(self, cores: u32) -> Result<(), ExperimentError> {
        let (threads, most) = (self.count(), cores.saturating_mul(Self::MOST_PER_CORE));
        if threads <= most {
            return Ok(());
        }
        let reason = format!("this process has {cores} core(s), on which more than {most} threads hinder each other");
        Err(ExperimentError::Threads { threads, reason })
    }
}

impl Check for Threads {
    fn check(&self) -> Result<(), Problem> {
        let (most, count) = (Self::MAX, self.count());
        if (1..=most).contains(&count) {
            return Ok(());
        }
        let problem =
            format!("{count} threads are not possible; choose 1 to {most}, or remove the key to use all cores");
        Err(Problem::new(problem))
    }
}

impl Recorded for Threads {
    type Cell = Option<u32>;

    fn cell(&self) -> Option<u32> {
        Some(self.count())
    }
}

/// Only a number that was asked for is part of a trial's id: a run may be resumed on other cores.
impl Setting for Threads {
    fn default_value() -> Option<Self> {
        Some(Self(None))
    }

    fn default_in_words() -> String {
        "all cores".to_owned()
    }
}

/// A setting that is on or off, with its default.
macro_rules! switch {
    ($(#[$meta:meta])* $type:ident = $default:literal) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        #[serde(transparent)]
        pub struct $type(pub bool);

        impl crate::experiment::setting::Check for $type {}

        impl crate::experiment::setting::Recorded for $type {
            type Cell = Option<bool>;

            fn cell(&self) -> Option<bool> {
                Some(self.0)
            }
        }

        impl crate::experiment::setting::Setting for $type {
            fn default_value() -> Option<Self> {
                Some(Self($default))
            }
        }
    };
}

pub(super) use switch;

switch! {
    /// Whether each layer is compared with clear-text evaluation, which needs the secret key.
    Probe = true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ring_dimension() {
        assert!(LogN(15).check().is_ok());
        assert!(LogN(32768).check().unwrap_err().text.contains("write 15 for N = 32768"));
        assert!(LogN(17).check().is_ok());
        assert!(LogN(30000).check().unwrap_err().text.contains("choose 12 to 17"));
        assert!(LogN(18).check().unwrap_err().text.contains("choose 12 to 17"));
    }

    #[test]
    fn threads_and_width() {
        assert!(Threads(Some(0)).check().is_err());
        assert!(Threads(None).check().is_ok() && Threads(Some(Threads::all())).check().is_ok());
        assert!(Width(0).check().is_err() && Width(16).check().is_ok());
        assert!(Threads(Some(32)).check_on(2).is_ok() && Threads(None).check_here().is_ok());
        let text = Threads(Some(1024)).check_on(2).unwrap_err().to_string();
        assert!(
            text.starts_with("cannot start 1024 thread(s): this process has 2 core(s), on which more than 32"),
            "{text}"
        );
    }

    #[test]
    fn defaults_leave_no_trace_in_the_identity_nor_does_the_machine() {
        assert_eq!((Probe(true).identity(), Probe(false).identity()), (None, Some(false.into())));
        assert_eq!((Seed(None).identity(), Seed(Some(3)).identity()), (None, Some(3.into())));
        assert_eq!((Threads(None).identity(), Threads(None).count()), (None, Threads::all()));
        assert_eq!(Threads(Some(Threads::all())).identity(), Some(Threads::all().into()));
        assert_eq!(LogN(15).identity(), Some(15.into()));
    }

    #[test]
    fn defaults_in_words() {
        assert_eq!(Seed::default_in_words(), "`null`");
        assert_eq!(Probe::default_in_words(), "`true`");
        assert_eq!(LogN::default_in_words(), "must be given");
    }
}
