//! Where images come from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Check;
use crate::dataset::DatasetName;
use crate::experiment::block::{Block, BlockRef};
use crate::experiment::locate::Problem;

/// A data set: the test images that ship with the project, or a full one at a path.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DatasetFiles {
    /// Which data set.
    pub name: DatasetName,
    /// Directory of the official binary files or one such file, relative to the file that says so. None: the shipped images.
    #[serde(default)]
    pub path: Option<String>,
    /// The training images that a training held out, in place of the test images.
    #[serde(default)]
    pub held_out: Option<HeldOut>,
}

/// Training images that a training does not see.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct HeldOut {
    /// How many.
    pub images: usize,
    /// Seed of their choice: `split_seed` of the recipe.
    #[serde(default)]
    pub seed: u64,
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

impl Check for DatasetFiles {
    fn check(&self) -> Result<(), Problem> {
        match self.held_out {
            Some(HeldOut { images: 0, .. }) => Err(Problem::at("held_out", "no image is held out; give their number")),
            Some(_) if self.path.is_none() => {
                Err(Problem::at("held_out", "the shipped images are test images; give the `path` of the full data set"))
            }
            _ => Ok(()),
        }
    }
}

impl Check for DatasetRef {
    fn check(&self) -> Result<(), Problem> {
        if let Self::Inline(files) = self { files.check() } else { Ok(()) }
    }
}

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
        assert_eq!(
            full,
            BlockRef::Inline(DatasetFiles { name: DatasetName::Cifar100, path: Some("/data".into()), held_out: None })
        );
        let nowhere = Path::new("/nonexistent");
        let found = named::<DatasetFiles>("cifar100", nowhere).unwrap().unwrap();
        assert_eq!(found.block, DatasetFiles { name: DatasetName::Cifar100, path: None, held_out: None });
        let advice = named::<DatasetFiles>("cifar", nowhere).unwrap().unwrap_err();
        assert_eq!(advice, "no data set cifar.yaml in configs/datasets; did you mean `cifar10`?");
    }

    #[test]
    fn unknown_names_and_keys_are_errors() {
        let refuse = |text: &str| serde_yaml::from_str::<DatasetRef>(text).unwrap_err().to_string();
        assert!(refuse("{name: mnist}").contains("unknown variant"));
        assert!(refuse("{name: cifar10, dir: x}").contains("unknown field"));
        let check = |text: &str| serde_yaml::from_str::<DatasetFiles>(text).unwrap().check();
        assert!(check("{name: cifar10, held_out: {images: 10}}").unwrap_err().text.contains("give the `path`"));
        let none = check("{name: cifar10, path: x, held_out: {images: 0}}").unwrap_err();
        assert!(none.text.contains("no image is held out; give their number"), "{}", none.text);
        assert!(check("{name: cifar10, path: x, held_out: {images: 10, seed: 1}}").is_ok());
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
