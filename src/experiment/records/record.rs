//! What all tables have in common.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Column;

/// A table and the type of its rows; [`record`] makes both.
pub trait Record: Serialize + DeserializeOwned + Default + 'static {
    /// File name of the table.
    const FILE: &'static str;
    /// Its columns in order.
    const COLUMNS: &'static [Column];
}

/// The name of a column: that of its field, if it has no other.
macro_rules! column_name {
    ($field:ident) => {
        stringify!($field)
    };
    ($field:ident $name:literal) => {
        $name
    };
}

/// Makes the type of a table's rows from its fields. Each field is a column: `Row::field` is its [`Column`], and its documentation that of
/// the column. `as "name"` names the column otherwise. Fields that older tables lack are at their default.
macro_rules! record {
    (
        $(#[doc = $row_doc:literal])*
        pub struct $row:ident in $file:literal {
            $($(#[doc = $doc:literal])* pub $field:ident: $type:ty $(as $name:literal)?,)*
        }
    ) => {
        $(#[doc = $row_doc])*
        #[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        pub struct $row {
            $($(#[doc = $doc])* $(#[serde(rename = $name)])? pub $field: $type,)*
        }

        #[allow(non_upper_case_globals, reason = "a column is called what its field is called")]
        impl $row {
            $(
                #[doc = concat!("The column of the field `", stringify!($field), "`.")]
                pub const $field: $crate::experiment::records::Column = $crate::experiment::records::Column {
                    name: $crate::experiment::records::record::column_name!($field $($name)?),
                    kind: <$type as $crate::experiment::records::CellType>::KIND,
                    meaning: concat!($($doc),*).trim_ascii(),
                };
            )*
        }

        impl $crate::experiment::records::Record for $row {
            const FILE: &'static str = $file;
            const COLUMNS: &'static [$crate::experiment::records::Column] = &[$(Self::$field),*];
        }
    };
}

/// Makes an enumeration whose values stand in records as one word each.
macro_rules! words {
    ($(#[$meta:meta])* pub enum $type:ident { $($(#[$variant_meta:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
        pub enum $type {
            $($(#[$variant_meta])* #[serde(rename = $word)] $variant,)*
        }

        impl $type {
            /// The word that stands in records.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }
        }

        impl $crate::experiment::records::CellType for $type {
            const KIND: $crate::experiment::records::ColumnKind =
                $crate::experiment::records::ColumnKind::Words(&[$($word),*]);
        }
    };
}

pub(crate) use {column_name, record, words};
