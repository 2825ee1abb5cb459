//! Building blocks: what an experiment names in `configs/`, or writes down in place.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{self, DeserializeOwned};
use serde::{Deserialize, Deserializer};

use super::ExperimentError;
use super::locate::YamlText;
use super::suggest;

/// A kind of building block.
pub trait Block: DeserializeOwned + JsonSchema {
    /// Folder of the named blocks, looked for beside the experiment file and in the directories above it.
    const FOLDER: &'static str;
    /// What it is called in messages, such as `parameter set`.
    const KIND: &'static str;
    /// What may stand in an experiment, for messages.
    const EXPECTING: &'static str;
    /// Names and texts that come with the program, for use outside a checkout.
    const BUILT_IN: &'static [(&'static str, &'static str)];
}

/// A block by name or in place.
#[derive(Debug, Clone, PartialEq)]
pub enum BlockRef<B> {
    /// A file in the block's folder, without its extension, or a built-in block.
    Name(String),
    /// In place.
    Inline(B),
}

/// A block and where it was found.
#[derive(Debug, Clone)]
pub struct Found<B> {
    /// The block.
    pub block: B,
    /// The file that says so.
    pub yaml: YamlText,
}

/// Reads the block called `name`, from its folder at or above `directory`, or built in.
///
/// # Errors
/// `Ok(Err(advice))` if no block has that name; [`ExperimentError::Setting`] if its file is wrong.
pub fn named<B: Block>(name: &str, directory: &Path) -> Result<Result<Found<B>, String>, ExperimentError> {
    let folder = folder_above(directory, B::FOLDER);
    let file = folder.as_ref().map(|folder| folder.join(format!("{name}.yaml"))).filter(|file| file.is_file());
    let built_in = B::BUILT_IN.iter().find(|(known, _)| *known == name);
    let yaml = match (file, built_in) {
        (Some(file), _) => YamlText::read(&file)?,
        (None, Some((_, text))) => YamlText::new(Path::new(B::FOLDER).join(format!("{name}.yaml")), *text),
        (None, None) => {
            let mut known: Vec<String> = B::BUILT_IN.iter().map(|(name, _)| (*name).to_owned()).collect();
            known.extend(folder.map_or_else(Vec::new, |folder| names_in(&folder, "yaml")));
            known.sort();
            known.dedup();
            let known: Vec<&str> = known.iter().map(String::as_str).collect();
            let advice = suggest::advice(name, &known);
            return Ok(Err(format!("no {} {name}.yaml in {}; {advice}", B::KIND, B::FOLDER)));
        }
    };
    Ok(Ok(Found { block: yaml.parse()?, yaml }))
}

/// The first directory called `folder` in `directory` and those above it.
#[must_use]
pub fn folder_above(directory: &Path, folder: &str) -> Option<PathBuf> {
    directory.ancestors().map(|above| above.join(folder)).find(|folder| folder.is_dir())
}

/// Names of the files with an extension in a folder, without it, sorted.
#[must_use]
pub fn names_in(folder: &Path, extension: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().to_str()?.to_owned();
            Some(name.strip_suffix(extension)?.strip_suffix('.')?.to_owned())
        })
        .collect();
    names.sort();
    names
}

impl<'de, B: Block> Deserialize<'de> for BlockRef<B> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor<B>(PhantomData<B>);
        impl<'de, B: Block> de::Visitor<'de> for Visitor<B> {
            type Value = BlockRef<B>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(B::EXPECTING)
            }

            fn visit_str<E: de::Error>(self, name: &str) -> Result<BlockRef<B>, E> {
                Ok(BlockRef::Name(name.to_owned()))
            }

            fn visit_map<A: de::MapAccess<'de>>(self, map: A) -> Result<BlockRef<B>, A::Error> {
                B::deserialize(de::value::MapAccessDeserializer::new(map)).map(BlockRef::Inline)
            }
        }
        deserializer.deserialize_any(Visitor(PhantomData))
    }
}

impl<B: Block> JsonSchema for BlockRef<B> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}Ref", B::schema_name()).into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let inline = generator.subschema_for::<B>();
        json_schema!({ "anyOf": [{ "type": "string" }, inline] })
    }
}
