//! The settings of a trial: what may stand under `fixed:` and as an axis under `sweep:`.
//!
//! One list of settings makes four types: what a user writes under `fixed:` and `sweep:`, the points of the sweep, and
//! the checks. A new setting is one line here and one in [`super::trial`].

use serde::Deserialize;

use super::ExperimentError;
use super::locate::{Step, YamlText};
use super::parameter_set::ParametersRef;
use super::setting::{
    Check, DatasetRef, ImageSelection, Layout, LogN, MemorySettings, ModelFile, Probe, Security, Seed, Threads,
};

macro_rules! settings {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// Values that hold for every trial of an experiment. What is absent comes from the sweep or from the defaults.
        #[derive(Debug, Clone, Default, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields, default, expecting = "a mapping of settings")]
        pub struct FixedSettings {
            $($(#[$doc])* pub $name: Option<$type>,)*
        }

        /// Lists of values; every combination is a trial. The first of the settings below varies slowest.
        #[derive(Debug, Clone, Default, PartialEq, Deserialize)]
        #[serde(deny_unknown_fields, default, expecting = "a mapping from settings to lists of values")]
        pub struct SweepAxes {
            $($(#[$doc])* pub $name: Option<Vec<$type>>,)*
        }

        /// One combination, and where in the file each of its values stands.
        #[derive(Debug, Clone, Default, PartialEq)]
        pub struct Point {
            /// The values.
            pub settings: FixedSettings,
            /// For each swept setting, which value of its list.
            pub swept: Vec<(&'static str, usize)>,
        }

        /// Every combination of the axes' values, over the fixed ones.
        #[must_use]
        pub fn combinations(fixed: &FixedSettings, sweep: &SweepAxes) -> Vec<Point> {
            let mut points = vec![Point { settings: fixed.clone(), swept: Vec::new() }];
            $(if let Some(values) = &sweep.$name {
                points = points
                    .iter()
                    .flat_map(|point| values.iter().enumerate().map(|(index, value)| {
                        let mut point = point.clone();
                        point.settings.$name = Some(value.clone());
                        point.swept.push((stringify!($name), index));
                        point
                    }))
                    .collect();
            })*
            points
        }

        /// Checks every value on its own, and that no axis is empty or also fixed.
        ///
        /// # Errors
        /// [`ExperimentError::Setting`] at the first impossible value.
        pub fn check(yaml: &YamlText, fixed: &FixedSettings, sweep: &SweepAxes) -> Result<(), ExperimentError> {
            $(
                let name = Step::Key(stringify!($name));
                if let Some(value) = &fixed.$name {
                    let path = [Step::Key("fixed"), name];
                    value.check().map_err(|problem| yaml.problem(&path, &problem))?;
                }
                if let Some(values) = &sweep.$name {
                    let path = [Step::Key("sweep"), name];
                    if values.is_empty() {
                        return Err(yaml.error(&path, "the list is empty, so there is nothing to run; give it a value or remove the axis"));
                    }
                    if fixed.$name.is_some() {
                        return Err(yaml.error(&path, "the setting stands under `fixed` as well; keep one of the two"));
                    }
                    for (index, value) in values.iter().enumerate() {
                        let path = [Step::Key("sweep"), name, Step::Index(index)];
                        value.check().map_err(|problem| yaml.problem(&path, &problem))?;
                    }
                }
            )*
            Ok(())
        }
    };
}

settings! {
    /// Weights: a safetensors file, relative to the experiment file; its card (same name, `.yaml`) stands beside it.
    model: ModelFile,
    /// Where images come from.
    dataset: DatasetRef,
    /// Which images are encrypted.
    images: ImageSelection,
    /// log2 of the ring dimension N.
    log_n: LogN,
    /// How values are arranged in slots.
    layout: Layout,
    /// Sizes of scales and primes.
    parameters: ParametersRef,
    /// Which security the parameters must have.
    security: Security,
    /// Where randomness comes from.
    seed: Seed,
    /// Number of threads.
    threads: Threads,
    /// Memory budget and limit.
    memory: MemorySettings,
    /// Whether each layer is compared with clear-text evaluation.
    probe: Probe,
}

impl Point {
    /// The path in the experiment file to the value of a setting in this point.
    #[must_use]
    pub fn path<'a>(&self, name: &'a str) -> Vec<Step<'a>> {
        match self.swept.iter().find(|(swept, _)| *swept == name) {
            Some((_, index)) => vec![Step::Key("sweep"), Step::Key(name), Step::Index(*index)],
            None => vec![Step::Key("fixed"), Step::Key(name)],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn combinations_are_cartesian_and_know_their_origin() {
        let fixed = FixedSettings { probe: Some(Probe(true)), ..FixedSettings::default() };
        let sweep = SweepAxes {
            log_n: Some(vec![LogN(14), LogN(15)]),
            threads: Some(vec![Threads(1), Threads(2), Threads(4)]),
            ..SweepAxes::default()
        };
        let points = combinations(&fixed, &sweep);
        assert_eq!(points.len(), 6);
        assert!(points.iter().all(|point| point.settings.probe == Some(Probe(true))));
        assert_eq!(points[4].swept, [("log_n", 1), ("threads", 1)]);
        assert_eq!(points[4].path("threads"), [Step::Key("sweep"), Step::Key("threads"), Step::Index(1)]);
        assert_eq!(points[4].path("probe"), [Step::Key("fixed"), Step::Key("probe")]);
    }

    #[test]
    fn no_axis_is_one_point() {
        assert_eq!(combinations(&FixedSettings::default(), &SweepAxes::default()).len(), 1);
    }
}
