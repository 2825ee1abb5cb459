//! What the type of a setting's value must be able to do.

use std::fmt::Debug;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::choice::Choice;
use crate::experiment::locate::Problem;
use crate::experiment::parameter_set::ParametersRef;
use crate::network::card::CardActivation;

/// A value that can say whether it is possible at all.
pub trait Check {
    /// Checks the value on its own.
    ///
    /// # Errors
    /// What is wrong and what to change.
    fn check(&self) -> Result<(), Problem> {
        Ok(())
    }
}

/// A value that fills a cell of `trials.csv`.
pub trait Recorded {
    /// Type of the cell.
    type Cell: Serialize + DeserializeOwned + Clone + Debug + Default + PartialEq;

    /// The cell.
    fn cell(&self) -> Self::Cell;
}

/// A setting that stands in a trial's specification as it was written, or as its default.
pub trait Setting: Check + Recorded + Clone + Serialize {
    /// The value of a setting that is not given; none: it must be given.
    #[must_use]
    fn default_value() -> Option<Self> {
        None
    }

    /// The default in words, for the documentation.
    #[must_use]
    fn default_in_words() -> String {
        let value = Self::default_value().and_then(|value| serde_json::to_value(value).ok());
        value.map_or_else(|| "must be given".to_owned(), |value| format!("`{}`", value.to_string().trim_matches('"')))
    }

    /// What the trial's id depends on; none: the default, so that ids stay what they were before the setting existed.
    #[must_use]
    fn identity(&self) -> Option<Value> {
        let written = |value: &Self| serde_json::to_value(value).ok();
        let value = written(self);
        if value == Self::default_value().as_ref().and_then(written) { None } else { value }
    }
}

impl<T: Choice> Check for T {}

impl<T: Choice> Recorded for T {
    type Cell = String;

    fn cell(&self) -> String {
        self.name().to_owned()
    }
}

impl<T: Choice> Setting for T {
    fn default_value() -> Option<Self> {
        Some(Self::default())
    }
}

/// Scalars without a range of their own.
macro_rules! plain_scalars {
    ($($type:ty),*) => {
        $(
            impl Check for $type {}

            impl Recorded for $type {
                type Cell = Option<Self>;

                fn cell(&self) -> Option<Self> {
                    Some(*self)
                }
            }
        )*
    };
}

plain_scalars!(f64, u32, usize, bool);

/// Settings around a number, or one that may be absent: it is their cell.
macro_rules! recorded_number {
    ($type:ident, $number:ty) => {
        impl crate::experiment::setting::Recorded for $type {
            type Cell = Option<$number>;

            fn cell(&self) -> Option<$number> {
                self.0.into()
            }
        }
    };
}

/// Settings whose default is that of their type.
macro_rules! has_default {
    ($type:ident) => {
        impl crate::experiment::setting::Setting for $type {
            fn default_value() -> Option<Self> {
                Some(Self::default())
            }
        }
    };
}

pub(super) use {has_default, recorded_number};

impl Check for CardActivation {}

// A set is checked with what overrides it, when the experiment is resolved.
impl Check for ParametersRef {}
