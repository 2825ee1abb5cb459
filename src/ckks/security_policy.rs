//! Which security parameters must have.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Which security parameters must have. Written `128` or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecurityPolicy {
    /// 128 bits, classical, under the stricter of the two tables of method section 4; anything above is refused.
    #[default]
    Bits128,
    /// Go beyond the table where nothing fits below it; results are then marked insecure.
    None,
}

impl Serialize for SecurityPolicy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Bits128 => serializer.serialize_u64(128),
            Self::None => serializer.serialize_str("none"),
        }
    }
}

impl<'de> Deserialize<'de> for SecurityPolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = SecurityPolicy;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("128 or `none`")
            }

            fn visit_u64<E: de::Error>(self, bits: u64) -> Result<SecurityPolicy, E> {
                match bits {
                    128 => Ok(SecurityPolicy::Bits128),
                    _ => Err(E::invalid_value(de::Unexpected::Unsigned(bits), &self)),
                }
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<SecurityPolicy, E> {
                match text {
                    "none" => Ok(SecurityPolicy::None),
                    _ => Err(E::invalid_value(de::Unexpected::Str(text), &self)),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(feature = "harness")]
impl schemars::JsonSchema for SecurityPolicy {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "SecurityPolicy".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "enum": [128, "none"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_and_written() {
        for (text, value) in [("128", SecurityPolicy::Bits128), ("none", SecurityPolicy::None)] {
            assert_eq!(serde_yaml::from_str::<SecurityPolicy>(text).unwrap(), value);
            assert_eq!(serde_yaml::to_string(&value).unwrap().trim(), text);
        }
        let text = serde_yaml::from_str::<SecurityPolicy>("80").unwrap_err().to_string();
        assert!(text.contains("expected 128 or `none`"), "{text}");
    }
}
