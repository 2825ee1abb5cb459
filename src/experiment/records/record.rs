//! What all tables have in common.

use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A table and the type of its rows.
pub trait Record: Serialize + DeserializeOwned + JsonSchema + Default {
    /// File name of the table.
    const FILE: &'static str;
}
