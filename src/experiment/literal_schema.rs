//! JSON schemas that no derive gives.

/// The schema of a type, under the name of the type, as it stands in JSON.
macro_rules! literal_schema {
    ($type:ident, $($schema:tt)+) => {
        impl schemars::JsonSchema for $type {
            fn schema_name() -> std::borrow::Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                schemars::json_schema!($($schema)+)
            }
        }
    };
}

pub(super) use literal_schema;
