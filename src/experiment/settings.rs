//! The settings of an experiment: what may stand under `fixed:` and as an axis under `sweep:`, and what a trial is given.
//!
//! All types here follow from the list in [`super::setting_list`].

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use super::ExperimentError;
use super::byte_size::ByteSize;
use super::locate::{Step, YamlText};
use super::parameter_set::ParameterSet;
// Every type of a setting, so that a new one need not be named here.
use super::setting::*;
use super::setting_list::with_settings;

/// Most combinations of a sweep: far more than anybody waits for, and few enough to hold.
pub(super) const MOST_COMBINATIONS: usize = 1 << 16;

/// A setting that must be given is not; the caller knows the place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing(pub &'static str);

/// One combination, and where in the file each of its values stands.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Point {
    /// The values.
    pub settings: PartialSettings,
    /// For each swept setting, which value of its list.
    pub swept: Vec<(&'static str, usize)>,
    /// Which entry of `include` it is; none: a combination of the sweep.
    pub included: Option<usize>,
}

/// What a file says of settings: all of them alike.
macro_rules! define_partial {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// Some settings. What is absent comes from elsewhere, or from the defaults.
        #[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default, expecting = "a mapping of settings")]
        pub struct PartialSettings {
            $($(#[$doc])* #[serde(deserialize_with = "given")] pub $name: Option<$type>,)*
        }

        /// Lists of values; every combination is a trial. The first of the settings below varies slowest.
        #[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default, expecting = "a mapping from settings to lists of values")]
        #[schemars(inline)]
        pub struct SweepAxes {
            $($(#[$doc])* #[serde(deserialize_with = "given")] pub $name: Option<Vec<$type>>,)*
        }

        /// Whether nothing is a value of a setting; a key that is none is for the parser to explain.
        #[must_use]
        pub fn may_be_null(name: &str) -> bool {
            match name {
                $(stringify!($name) => reads_null::<$type>(),)*
                _ => true,
            }
        }

        impl PartialSettings {
            /// What is given in `over` takes the place of what is here.
            #[must_use]
            pub fn with(&self, over: &Self) -> Self {
                Self { $($name: over.$name.as_ref().or(self.$name.as_ref()).cloned(),)* }
            }

            /// The same without what is an axis.
            #[must_use]
            pub fn without_axes(&self, axes: &SweepAxes) -> Self {
                Self { $($name: self.$name.as_ref().filter(|_| axes.$name.is_none()).cloned(),)* }
            }

            /// Whether every setting given here has the same value there.
            #[must_use]
            pub fn is_part_of(&self, whole: &Self) -> bool {
                $((self.$name.is_none() || self.$name == whole.$name))&&*
            }

            /// Checks every value on its own; `path` leads to this mapping.
            ///
            /// # Errors
            /// [`ExperimentError::Setting`] at the first impossible value.
            pub fn check(&self, yaml: &YamlText, path: &[Step<'_>]) -> Result<(), ExperimentError> {
                $(check_value(yaml, path, stringify!($name), self.$name.as_ref())?;)*
                Ok(())
            }
        }

        impl SweepAxes {
            /// Every combination of the axes' values, over the fixed ones.
            #[must_use]
            pub fn combinations(&self, fixed: &PartialSettings) -> Vec<Point> {
                let mut points = vec![Point { settings: fixed.clone(), ..Point::default() }];
                $(cross(&mut points, stringify!($name), self.$name.as_ref(), |to, value| to.$name = Some(value));)*
                points
            }

            /// What is given in `over` takes the place of what is here.
            #[must_use]
            pub fn with(self, over: &Self) -> Self {
                Self { $($name: over.$name.clone().or(self.$name),)* }
            }

            /// The same without the axes of what is fixed.
            #[must_use]
            pub fn without(self, fixed: &PartialSettings) -> Self {
                Self { $($name: self.$name.filter(|_| fixed.$name.is_none()),)* }
            }

            /// Checks every value on its own, that no axis is empty or also fixed, and the number of combinations.
            ///
            /// # Errors
            /// [`ExperimentError::Setting`] at the first impossible value.
            pub fn check(&self, yaml: &YamlText, fixed: &PartialSettings) -> Result<(), ExperimentError> {
                $(check_axis(yaml, stringify!($name), self.$name.as_deref(), fixed.$name.is_some())?;)*
                check_combinations(yaml, &[$(self.$name.as_ref().map(Vec::len),)*])
            }
        }
    };
}

macro_rules! define_settings {
    (
        located { $($(#[$located_doc:meta])* $located:ident: $located_type:ty = $located_default:literal,)* }
        parameters { $($(#[$parameter_doc:meta])* $parameter:ident: $parameter_type:ty,)* }
        plain { $($(#[$plain_doc:meta])* $plain:ident: $plain_type:ty $(as $column:literal)? $(where $encrypted:ident)?,)* }
    ) => {
        define_partial! {
            $($(#[$located_doc])* $located: $located_type,)*
            $($(#[$parameter_doc])* $parameter: $parameter_type,)*
            $($(#[$plain_doc])* $plain: $plain_type,)*
        }

        /// The plain settings of a trial, defaults filled in.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Settings {
            $($(#[$plain_doc])* pub $plain: $plain_type,)*
        }

        /// Name and default of every setting, in order.
        #[must_use]
        pub fn names_and_defaults() -> Vec<(&'static str, String)> {
            vec![
                $((stringify!($located), $located_default.to_owned()),)*
                $((stringify!($parameter), "that of `parameters`".to_owned()),)*
                $((stringify!($plain), <$plain_type>::default_in_words()),)*
            ]
        }

        impl PartialSettings {
            /// The plain settings, with defaults for what is absent.
            ///
            /// # Errors
            /// The first setting that must be given and is not.
            pub fn plain(&self) -> Result<Settings, Missing> {
                Ok(Settings {
                    $($plain: self.$plain.clone().or_else(<$plain_type>::default_value).ok_or(Missing(stringify!($plain)))?,)*
                })
            }

            /// Puts the settings that stand by themselves into a parameter set.
            pub fn override_parameters(&self, set: &mut ParameterSet) {
                $(if let Some(value) = self.$parameter {
                    set.$parameter = value;
                })*
            }
        }

        impl Settings {
            /// What a trial's id depends on.
            #[must_use]
            pub fn identity(&self) -> Map<String, Value> {
                let mut identity = Map::new();
                $(if let Some(value) = self.$plain.identity() {
                    identity.insert(stringify!($plain).to_owned(), value);
                })*
                identity
            }
        }
    };
}

with_settings!(define_settings);

fn reads_null<T: DeserializeOwned>() -> bool {
    serde_json::from_value::<T>(Value::Null).is_ok()
}

/// A key that is there has a value, which nothing may be: it is not taken as absent.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

fn check_value<T: Check>(
    yaml: &YamlText,
    path: &[Step<'_>],
    name: &str,
    value: Option<&T>,
) -> Result<(), ExperimentError> {
    let problem = value.map_or(Ok(()), Check::check);
    problem.map_err(|problem| yaml.problem(&[path, &[Step::Key(name)]].concat(), &problem))
}

/// Checks how many combinations there are of axes of these lengths.
fn check_combinations(yaml: &YamlText, lengths: &[Option<usize>]) -> Result<(), ExperimentError> {
    let combinations = lengths.iter().flatten().fold(1_usize, |product, length| product.saturating_mul(*length));
    if combinations <= MOST_COMBINATIONS {
        return Ok(());
    }
    let problem = format!(
        "more than the {MOST_COMBINATIONS} combinations that an experiment may have; sweep less, or write several files"
    );
    Err(yaml.error(&[Step::Key("sweep")], problem))
}

fn check_axis<T: Check>(
    yaml: &YamlText,
    name: &str,
    values: Option<&[T]>,
    also_fixed: bool,
) -> Result<(), ExperimentError> {
    let Some(values) = values else { return Ok(()) };
    let path = [Step::Key("sweep"), Step::Key(name)];
    if values.is_empty() {
        let problem = "the list is empty, so there is nothing to run; give it a value or remove the axis";
        return Err(yaml.error(&path, problem));
    }
    if also_fixed {
        return Err(yaml.error(&path, "the setting stands under `fixed` as well; keep one of the two"));
    }
    values.iter().enumerate().try_for_each(|(index, value)| {
        value.check().map_err(|problem| yaml.problem(&[&path[..], &[Step::Index(index)]].concat(), &problem))
    })
}

/// Every point with every value of an axis.
fn cross<T: Clone>(
    points: &mut Vec<Point>,
    name: &'static str,
    values: Option<&Vec<T>>,
    set: impl Fn(&mut PartialSettings, T),
) {
    let Some(values) = values else { return };
    let crossed = points.iter().flat_map(|point| {
        values.iter().enumerate().map(|(index, value)| {
            let mut point = point.clone();
            set(&mut point.settings, value.clone());
            point.swept.push((name, index));
            point
        })
    });
    *points = crossed.collect();
}

impl Settings {
    /// The limit of memory where the plan depends on it: the best number of tiles is the best that there is room for.
    #[must_use]
    pub fn planning_limit(&self) -> Option<ByteSize> {
        let chooses_tiles = self.layout == LayoutKind::Tiled && self.tiles.0.is_none();
        self.memory.limit.filter(|_| chooses_tiles)
    }
}

impl Point {
    /// The path in the experiment file to the value of a setting in this point.
    #[must_use]
    pub fn path<'a>(&self, yaml: &YamlText, name: &'a str) -> Vec<Step<'a>> {
        if let Some(entry) = self.included {
            let path = vec![Step::Key("include"), Step::Index(entry), Step::Key(name)];
            if yaml.has(&path) {
                return path;
            }
        }
        match self.swept.iter().find(|(swept, _)| *swept == name) {
            Some((_, index)) => vec![Step::Key("sweep"), Step::Key(name), Step::Index(*index)],
            None => vec![Step::Key("fixed"), Step::Key(name)],
        }
    }
}

impl Point {
    /// Where the point stands: its entry of `include`, or its value on every axis.
    #[must_use]
    pub fn origin(&self) -> Vec<Vec<Step<'static>>> {
        match self.included {
            Some(entry) => vec![vec![Step::Key("include"), Step::Index(entry)]],
            None => {
                let step = |(name, index): &(&'static str, usize)| {
                    vec![Step::Key("sweep"), Step::Key(name), Step::Index(*index)]
                };
                self.swept.iter().map(step).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn yaml() -> YamlText {
        YamlText::new("e.yaml", "include:\n  - {log_n: 13}\n")
    }

    #[test]
    fn combinations_are_cartesian_and_know_their_origin() {
        let fixed = PartialSettings { probe: Some(Probe(true)), ..PartialSettings::default() };
        let sweep = SweepAxes {
            log_n: Some(vec![LogN(14), LogN(15)]),
            threads: Some(vec![Threads(Some(1)), Threads(Some(2)), Threads(Some(4))]),
            ..SweepAxes::default()
        };
        let points = sweep.combinations(&fixed);
        assert_eq!(points.len(), 6);
        assert!(points.iter().all(|point| point.settings.probe == Some(Probe(true))));
        assert_eq!(points[4].swept, [("log_n", 1), ("threads", 1)]);
        assert_eq!(points[4].path(&yaml(), "threads"), [Step::Key("sweep"), Step::Key("threads"), Step::Index(1)]);
        assert_eq!(points[4].path(&yaml(), "probe"), [Step::Key("fixed"), Step::Key("probe")]);
        let included = Point { included: Some(0), ..Point::default() };
        assert_eq!(included.path(&yaml(), "log_n"), [Step::Key("include"), Step::Index(0), Step::Key("log_n")]);
        assert_eq!(included.path(&yaml(), "probe"), [Step::Key("fixed"), Step::Key("probe")]);
    }

    #[test]
    fn no_axis_is_one_point() {
        assert_eq!(SweepAxes::default().combinations(&PartialSettings::default()).len(), 1);
    }

    #[test]
    fn parts_and_overrides() {
        let part = PartialSettings { log_n: Some(LogN(14)), ..PartialSettings::default() };
        let whole = PartialSettings { scale_bits: Some(21.0), probe: Some(Probe(true)), ..part.clone() };
        assert!(part.is_part_of(&whole) && !whole.is_part_of(&part));
        let over = PartialSettings { log_n: Some(LogN(15)), ..PartialSettings::default() };
        let both = whole.with(&over);
        assert_eq!((both.log_n, both.scale_bits, both.probe), (Some(LogN(15)), Some(21.0), Some(Probe(true))));
    }

    #[test]
    fn what_must_be_given_is_named() {
        let some = PartialSettings { images: Some(ImageSelection::First(3)), ..PartialSettings::default() };
        assert_eq!(some.plain(), Err(Missing("log_n")));
        let settings = PartialSettings { log_n: Some(LogN(15)), ..some }.plain().unwrap();
        assert_eq!((settings.seed, settings.layout), (Seed(None), LayoutKind::Packed));
        let identity = settings.identity();
        assert_eq!(identity.keys().collect::<Vec<_>>(), ["images", "log_n"]);
    }
}
