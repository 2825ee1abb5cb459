//! Choices: enumerations of a few names, each defined on the lowest floor that acts on it.

/// One of a few names.
#[cfg(feature = "harness")]
pub trait Choice: Copy + Default + serde::Serialize {
    /// The name in files and records.
    fn name(self) -> &'static str;
}

/// An enumeration of names: each name is written once, for files, records and the schema. One variant is marked `#[default]`.
macro_rules! choice {
    ($(#[$meta:meta])* pub enum $type:ident { $($(#[$variant_meta:meta])* $variant:ident = $name:literal,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize, serde::Deserialize)]
        #[cfg_attr(feature = "harness", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$variant_meta])* #[serde(rename = $name)] $variant,)*
        }

        impl $type {
            /// All choices, in order.
            pub const ALL: [Self; [$($name),*].len()] = [$(Self::$variant),*];

            /// The name in files and records.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }

        #[cfg(feature = "harness")]
        impl crate::choice::Choice for $type {
            fn name(self) -> &'static str {
                self.as_str()
            }
        }
    };
}

pub(crate) use choice;

#[cfg(test)]
mod tests {
    choice! {
        /// Pets.
        pub enum Pet {
            /// Barks.
            Dog = "dog",
            /// Purrs.
            #[default]
            HouseCat = "cat",
        }
    }

    #[test]
    fn names_are_those_of_files_and_records() {
        for pet in Pet::ALL {
            assert_eq!(serde_yaml::from_str::<Pet>(pet.as_str()).unwrap(), pet);
            assert_eq!(serde_yaml::to_string(&pet).unwrap().trim(), pet.as_str());
        }
        assert_eq!((Pet::ALL.len(), Pet::default().as_str()), (2, "cat"));
        let text = serde_yaml::from_str::<Pet>("HouseCat").unwrap_err().to_string();
        assert!(text.contains("expected `dog` or `cat`"), "{text}");
    }
}
