//! Where the weights come from, and how they are clustered.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::check::{has_default, recorded_number};
use super::number_or_word::number_or_word;
use super::{Check, Setting};
use crate::choice::choice;
use crate::experiment::literal_schema::literal_schema;
use crate::experiment::locate::Problem;

choice! {
    /// Where the weights come from.
    pub enum WeightsOrigin {
        /// From files.
        #[default]
        Trained = "trained",
        /// From a seed: nothing is learned, so rows have no accuracy.
        Random = "random",
    }
}

/// Number of an ensemble's members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Ensemble(#[schemars(range(min = 1, max = 64))] pub u32);

impl Ensemble {
    /// Most members.
    pub const MAX: u32 = 64;
}

impl Check for Ensemble {
    fn check(&self) -> Result<(), Problem> {
        if (1..=Self::MAX).contains(&self.0) {
            return Ok(());
        }
        Err(Problem::new(format!("{} members are not possible; choose 1 to {}", self.0, Self::MAX)))
    }
}

recorded_number!(Ensemble, u32);

impl Setting for Ensemble {
    fn default_value() -> Option<Self> {
        Some(Self(1))
    }

    fn default_in_words() -> String {
        "as many as `model` names".to_owned()
    }
}

/// A number that decides random draws.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct DrawSeed(pub u64);

impl Check for DrawSeed {}

recorded_number!(DrawSeed, u64);

has_default!(DrawSeed);

/// How many distinct weights are left in each group; none: as they are. Written as a number or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Clusters(pub Option<u64>);

number_or_word!(Clusters, "none", "a number of clusters such as 64, or `none`");

impl Check for Clusters {
    fn check(&self) -> Result<(), Problem> {
        match self.0 {
            Some(clusters @ 0..2) => Err(Problem::new(format!(
                "{clusters} cluster(s) would leave nothing to distinguish weights; choose 2 or more, such as 64, or `none`"
            ))),
            _ => Ok(()),
        }
    }
}

recorded_number!(Clusters, u64);

has_default!(Clusters);

literal_schema!(Clusters, { "anyOf": [{ "type": "integer", "minimum": 2 }, { "const": "none" }] });

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clusters_are_a_number_or_none() {
        let read = |text: &str| serde_yaml::from_str::<Clusters>(text);
        assert_eq!((read("none").unwrap(), read("64").unwrap()), (Clusters(None), Clusters(Some(64))));
        assert_eq!(serde_yaml::to_string(&Clusters(Some(64))).unwrap().trim(), "64");
        assert_eq!(serde_yaml::to_string(&Clusters(None)).unwrap().trim(), "none");
        for wrong in ["some", "-3", "2.5"] {
            let text = read(wrong).unwrap_err().to_string();
            assert!(text.contains("expected a number of clusters such as 64, or `none`"), "{text}");
        }
        assert!(Clusters(Some(2)).check().is_ok() && Clusters(None).check().is_ok());
        assert!(Clusters(Some(1)).check().unwrap_err().text.contains("choose 2 or more"));
    }

    #[test]
    fn members_have_bounds() {
        assert!(Ensemble(1).check().is_ok() && Ensemble(64).check().is_ok());
        assert!(Ensemble(0).check().unwrap_err().text.contains("choose 1 to 64"));
    }
}
