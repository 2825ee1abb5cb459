//! How special primes and digits of the key switching are chosen.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Check, Recorded};
use crate::experiment::locate::Problem;

/// How special primes and digits of the key switching are chosen. Written `auto` or `{special_primes: 3}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum KeySwitching {
    /// The plan takes what the security line leaves room for and what is cheapest, level by level.
    #[default]
    Auto,
    /// The same number of special primes at every level.
    SpecialPrimes(usize),
}

/// Most special primes that make sense: as many as the longest chain that is secure at N = 2^16 has limbs.
const MOST_SPECIAL_PRIMES: usize = 64;

impl Check for KeySwitching {
    fn check(&self) -> Result<(), Problem> {
        match self {
            Self::SpecialPrimes(count) if !(1..=MOST_SPECIAL_PRIMES).contains(count) => {
                let text =
                    format!("{count} special primes are not possible; choose 1 to {MOST_SPECIAL_PRIMES}, or `auto`");
                Err(Problem::at("key_switching", text))
            }
            _ => Ok(()),
        }
    }
}

impl Recorded for KeySwitching {
    type Cell = String;

    fn cell(&self) -> String {
        match self {
            Self::Auto => "auto".to_owned(),
            Self::SpecialPrimes(count) => count.to_string(),
        }
    }
}

impl JsonSchema for KeySwitching {
    fn schema_name() -> Cow<'static, str> {
        "KeySwitching".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let fixed = generator.subschema_for::<Fixed>();
        json_schema!({ "anyOf": [{ "const": "auto" }, fixed] })
    }
}

impl Serialize for KeySwitching {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Auto => serializer.serialize_str("auto"),
            Self::SpecialPrimes(count) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("special_primes", count)?;
                map.end()
            }
        }
    }
}

/// The same at every level.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Fixed {
    /// Number of special primes.
    #[schemars(range(min = 1, max = 64))]
    special_primes: usize,
}

impl<'de> Deserialize<'de> for KeySwitching {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = KeySwitching;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("`auto` or a mapping such as {special_primes: 3}")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<KeySwitching, E> {
                match text {
                    "auto" => Ok(KeySwitching::Auto),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<KeySwitching, A::Error> {
                let fixed = Fixed::deserialize(de::value::MapAccessDeserializer::new(map))?;
                Ok(KeySwitching::SpecialPrimes(fixed.special_primes))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_written() {
        for (text, value) in [("auto", KeySwitching::Auto), ("special_primes: 3", KeySwitching::SpecialPrimes(3))] {
            let read: KeySwitching = serde_yaml::from_str(text).unwrap();
            assert_eq!(read, value);
            assert_eq!(serde_yaml::to_string(&read).unwrap().trim(), text);
        }
        assert!(serde_yaml::from_str::<KeySwitching>("special_prime: 3").is_err());
        assert!(serde_yaml::from_str::<KeySwitching>("3").is_err());
        assert!(KeySwitching::SpecialPrimes(0).check().is_err());
    }
}
