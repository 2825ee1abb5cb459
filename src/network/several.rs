//! One value or several.

use serde::{Deserialize, Serialize};

/// One value, or a list of them; in files one value stands as itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "harness", derive(schemars::JsonSchema))]
#[serde(untagged, expecting = "one value, or a list of them")]
pub enum OneOrSeveral<T> {
    /// One.
    One(T),
    /// A list.
    Several(Vec<T>),
}

impl<T> OneOrSeveral<T> {
    /// The values.
    #[must_use]
    pub fn values(&self) -> &[T] {
        match self {
            Self::One(value) => std::slice::from_ref(value),
            Self::Several(values) => values,
        }
    }

    /// Those of a list; none of an empty one.
    #[must_use]
    pub fn of(mut values: Vec<T>) -> Option<Self> {
        match values.len() {
            0 => None,
            1 => values.pop().map(Self::One),
            _ => Some(Self::Several(values)),
        }
    }
}
