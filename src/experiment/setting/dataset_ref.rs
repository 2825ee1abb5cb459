//! Where images come from.

use schemars::JsonSchema;
use serde::Deserialize;

use super::Check;
use crate::dataset::DatasetName;
use crate::experiment::block::{Block, BlockRef};

/// A data set: the test images that ship with the project, or a full one at a path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetFiles {
    /// Which data set.
    pub name: DatasetName,
    /// Directory of the official binary files or one such file, relative to the file that says so. None: the shipped images.
    #[serde(default)]
    pub path: Option<String>,
}

/// A data set by name or in place. Written `cifar10` or `{name: cifar10, path: DIR}`.
pub type DatasetRef = BlockRef<DatasetFiles>;

impl Block for DatasetFiles {
    const FOLDER: &'static str = "configs/datasets";
    const KIND: &'static str = "data set";
    const EXPECTING: &'static str = "the name of a data set, or a mapping such as {name: cifar10, path: DIR}";
    const BUILT_IN: &'static [(&'static str, &'static str)] =
        &[("cifar10", "name: cifar10\n"), ("cifar100", "name: cifar100\n")];
}

impl Check for DatasetRef {}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::experiment::block::named;

    #[test]
    fn reads_both_forms() {
        let name: DatasetRef = serde_yaml::from_str("cifar10").unwrap();
        assert_eq!(name, BlockRef::Name("cifar10".into()));
        let full: DatasetRef = serde_yaml::from_str("{name: cifar100, path: /data}").unwrap();
        assert_eq!(full, BlockRef::Inline(DatasetFiles { name: DatasetName::Cifar100, path: Some("/data".into()) }));
        let nowhere = Path::new("/nonexistent");
        let found = named::<DatasetFiles>("cifar100", nowhere).unwrap().unwrap();
        assert_eq!(found.block, DatasetFiles { name: DatasetName::Cifar100, path: None });
        let advice = named::<DatasetFiles>("cifar", nowhere).unwrap().unwrap_err();
        assert_eq!(advice, "no data set cifar.yaml in configs/datasets; did you mean `cifar10`?");
    }

    #[test]
    fn unknown_names_and_keys_are_errors() {
        let refuse = |text: &str| serde_yaml::from_str::<DatasetRef>(text).unwrap_err().to_string();
        assert!(refuse("{name: mnist}").contains("unknown variant"));
        assert!(refuse("{name: cifar10, dir: x}").contains("unknown field"));
    }

    #[test]
    fn a_file_in_configs_is_a_data_set_with_paths_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let folder = directory.path().join("configs/datasets");
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("full.yaml"), "name: cifar10\npath: ../../data\n").unwrap();
        let found = named::<DatasetFiles>("full", &directory.path().join("experiments")).unwrap().unwrap();
        assert_eq!((found.block.path.as_deref(), found.yaml.file), (Some("../../data"), folder.join("full.yaml")));
    }
}
