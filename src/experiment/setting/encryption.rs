//! Choices of the encryption as settings.

use super::check::has_default;
use super::{Check, KeySwitching, Recorded, SecurityPolicy};

// What is impossible is found with the other parameters.
impl Check for KeySwitching {}

impl Recorded for KeySwitching {
    type Cell = String;

    fn cell(&self) -> String {
        match self {
            Self::Automatic => "auto".to_owned(),
            Self::SpecialPrimes(count) => count.to_string(),
        }
    }
}

impl Check for SecurityPolicy {}

impl Recorded for SecurityPolicy {
    type Cell = String;

    fn cell(&self) -> String {
        match self {
            Self::Bits128 => "128".to_owned(),
            Self::None => "none".to_owned(),
        }
    }
}

has_default!(SecurityPolicy);
