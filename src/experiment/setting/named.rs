//! Settings that are one of a few names.

/// An enumeration of names that is a setting: each name is written once, for experiment files, records and the schema.
/// One variant is marked `#[default]`.
macro_rules! named_setting {
    ($(#[$meta:meta])* pub enum $type:ident { $($(#[$variant_meta:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize, schemars::JsonSchema,
        )]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$variant_meta])* #[serde(rename = $name)] $variant,)*
        }

        impl $type {
            /// The name in experiment files and records.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        impl crate::experiment::setting::Check for $type {}

        impl crate::experiment::setting::Recorded for $type {
            type Cell = String;

            fn cell(&self) -> String {
                self.as_str().to_owned()
            }
        }

        impl crate::experiment::setting::Setting for $type {
            fn default_value() -> Option<Self> {
                Some(Self::default())
            }
        }
    };
}

pub(super) use named_setting;
