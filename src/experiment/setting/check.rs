//! Values that can be checked on their own.

use crate::experiment::locate::Problem;
use crate::experiment::parameter_set::{ParameterSet, ParametersRef};

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

impl Check for ParametersRef {
    fn check(&self) -> Result<(), Problem> {
        match self {
            Self::Inline(set) => ParameterSet::check(set),
            // A name is looked up when the experiment is resolved.
            Self::Name(_) => Ok(()),
        }
    }
}
