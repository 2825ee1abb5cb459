//! How special primes and digits of the key switching are chosen.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// How special primes and digits of the key switching are chosen. Written `auto` or `{special_primes: 3}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(feature = "harness", derive(schemars::JsonSchema))]
pub enum KeySwitching {
    /// Level by level, the cheapest under the security limit (see [`super::gadget`]).
    #[default]
    #[cfg_attr(feature = "harness", schemars(rename = "auto"))]
    Automatic,
    /// The same number of special primes at every level.
    #[cfg_attr(feature = "harness", schemars(rename = "special_primes"))]
    SpecialPrimes(#[cfg_attr(feature = "harness", schemars(range(min = 1, max = 64)))] usize),
}

impl KeySwitching {
    /// Most special primes that make sense: as many as the longest chain that is secure at N = 2^16 has limbs.
    pub const MOST_SPECIAL_PRIMES: usize = 64;
}

/// The same at every level.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Fixed {
    special_primes: usize,
}

impl Serialize for KeySwitching {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Automatic => serializer.serialize_str("auto"),
            Self::SpecialPrimes(special_primes) => Fixed { special_primes }.serialize(serializer),
        }
    }
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
                    "auto" => Ok(KeySwitching::Automatic),
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
        for (text, value) in [("auto", KeySwitching::Automatic), ("special_primes: 3", KeySwitching::SpecialPrimes(3))]
        {
            let read: KeySwitching = serde_yaml::from_str(text).unwrap();
            assert_eq!(read, value);
            assert_eq!(serde_yaml::to_string(&read).unwrap().trim(), text);
        }
        assert!(serde_yaml::from_str::<KeySwitching>("special_prime: 3").is_err());
        assert!(serde_yaml::from_str::<KeySwitching>("3").is_err());
    }
}
