//! Which security the parameters must have.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::{Check, Recorded, Setting};

/// Which security the parameters must have. Written `128` or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Security {
    /// 128 bits, classical, under the stricter of the two tables of method section 4; anything above is refused.
    #[default]
    Bits128,
    /// None asked for: every row of a trial says what it has.
    None,
}

impl Serialize for Security {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bits128 => serializer.serialize_u64(128),
            Self::None => serializer.serialize_str("none"),
        }
    }
}

impl<'de> Deserialize<'de> for Security {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Security;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("128 or `none`")
            }

            fn visit_u64<E: de::Error>(self, bits: u64) -> Result<Security, E> {
                match bits {
                    128 => Ok(Security::Bits128),
                    _ => Err(E::invalid_value(de::Unexpected::Unsigned(bits), &self)),
                }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Security, E> {
                match text {
                    "none" => Ok(Security::None),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

impl Check for Security {}

impl Recorded for Security {
    type Cell = String;

    fn cell(&self) -> String {
        match self {
            Self::Bits128 => "128".to_owned(),
            Self::None => "none".to_owned(),
        }
    }
}

impl Setting for Security {
    fn default_value() -> Option<Self> {
        Some(Self::default())
    }
}

impl JsonSchema for Security {
    fn schema_name() -> Cow<'static, str> {
        "Security".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "enum": [128, "none"] })
    }
}
