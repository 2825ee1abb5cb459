//! Where images come from.

use std::fmt;

use serde::{Deserialize, Deserializer, de};

use super::Check;
use crate::dataset::DatasetName;

/// A data set: the test images that ship with the project, or a full one at a path.
/// Written `cifar10` or `{name: cifar10, path: DIR}`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(remote = "Self", deny_unknown_fields)]
pub struct DatasetRef {
    /// Which data set.
    pub name: DatasetName,
    /// Directory of the official binary files or one such file, relative to the experiment file. None: the shipped images.
    #[serde(default)]
    pub path: Option<String>,
}

impl Check for DatasetRef {}

impl<'de> Deserialize<'de> for DatasetRef {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = DatasetRef;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the name of a data set, or a mapping such as {name: cifar10, path: DIR}")
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<DatasetRef, E> {
                let name = DatasetName::deserialize(de::value::StrDeserializer::new(name))?;
                Ok(DatasetRef { name, path: None })
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<DatasetRef, A::Error> {
                // The derived implementation, which `remote = "Self"` leaves as an inherent function.
                DatasetRef::deserialize(de::value::MapAccessDeserializer::new(map))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_forms() {
        let name: DatasetRef = serde_yaml::from_str("cifar10").unwrap();
        assert_eq!(name, DatasetRef { name: DatasetName::Cifar10, path: None });
        let full: DatasetRef = serde_yaml::from_str("{name: cifar100, path: /data}").unwrap();
        assert_eq!(full, DatasetRef { name: DatasetName::Cifar100, path: Some("/data".into()) });
    }

    #[test]
    fn unknown_names_and_keys_are_errors() {
        assert!(serde_yaml::from_str::<DatasetRef>("mnist").unwrap_err().to_string().contains("unknown variant"));
        assert!(
            serde_yaml::from_str::<DatasetRef>("{name: cifar10, dir: x}")
                .unwrap_err()
                .to_string()
                .contains("unknown field")
        );
    }
}
