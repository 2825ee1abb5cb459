//! Which trials of an experiment are to run: those that pass the filters and are not recorded yet.

use std::collections::HashMap;
use std::fmt;

use crate::experiment::ExperimentError;
use crate::experiment::byte_size::ByteSize;
use crate::experiment::networks::{Named, Networks, stem};
use crate::experiment::records::{TrialRow, TrialStatus, cells};
use crate::experiment::suggest;
use crate::experiment::trial::TrialSpec;

/// A condition on trials: a column of `trials.csv` that says which trial it is, and the values it may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filter {
    /// The column.
    pub key: String,
    /// Values, one of which must be there.
    pub values: Vec<String>,
}

impl Filter {
    /// Reads `key=value` or `key=value,value`.
    ///
    /// # Errors
    /// A sentence saying how to write it, or which keys there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (key, values) = text
            .split_once('=')
            .ok_or_else(|| format!("{text:?} is no filter; write key=value, such as log_n=15 or threads=1,2"))?;
        let keys: Vec<&str> = [TrialRow::trial_id.name].into_iter().chain(TrialRow::SETTINGS.iter().copied()).collect();
        let key = match key.trim() {
            "memory" | "memory.diagonals" => TrialRow::memory.name,
            key => key,
        };
        if !keys.contains(&key) {
            return Err(format!("{key:?} is no setting; {}", suggest::advice(key, &keys)));
        }
        Ok(Self { key: key.to_owned(), values: values.split(',').map(|value| value.trim().to_owned()).collect() })
    }

    /// Whether a trial with these cells may run. Weights may be named without their extension, as in an experiment's file.
    fn passes(&self, cells: &HashMap<&'static str, String>) -> bool {
        let Some(cell) = cells.get(self.key.as_str()) else { return false };
        let (is_model, is_size) = (self.key == TrialRow::model.name, self.key == TrialRow::memory.name);
        // A number may be written otherwise, and an empty cell is what experiments have a word for.
        let number = |text: &str| text.parse::<f64>().ok().filter(|_| self.key != TrialRow::trial_id.name);
        let integer = |text: &str| text.parse::<i128>().ok();
        let is = |value: &String| {
            value == cell
                || (cell.is_empty() && NOTHING.contains(&value.as_str()))
                || match (integer(value), integer(cell)) {
                    (Some(wanted), Some(there)) => wanted == there,
                    _ => number(value).is_some_and(|wanted| Some(wanted) == number(cell)),
                }
                || (is_size && ByteSize::parse(value).is_ok_and(|size| size.0.to_string() == *cell))
                || (is_model && value.split_whitespace().map(stem).eq(cell.split_whitespace().map(stem)))
        };
        self.values.iter().any(is)
    }
}

/// Words of experiments for what is an empty cell.
const NOTHING: [&str; 3] = ["none", "null", "auto"];

impl fmt::Display for Filter {
    /// As it is written on the command line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.key, self.values.join(","))
    }
}

/// The trials of an experiment, by their number in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// To be run now.
    pub run: Vec<usize>,
    /// Recorded before.
    pub done: Vec<usize>,
    /// Recorded as failed before, and not to be run again.
    pub failed: Vec<usize>,
}

/// Chooses trials; `recorded` says how those in the tables ended.
///
/// # Errors
/// [`ExperimentError::Argument`] if no trial passes the filters.
pub fn select(
    trials: &[TrialSpec],
    filters: &[Filter],
    recorded: &HashMap<String, TrialStatus>,
    retry_failed: bool,
) -> Result<Selection, ExperimentError> {
    let mut selection = Selection::default();
    let mut passed = (0..trials.len()).collect::<Vec<_>>();
    let cells: Vec<HashMap<&'static str, String>> =
        if filters.is_empty() { Vec::new() } else { trials.iter().map(cells_of).collect::<Result<_, _>>()? };
    for filter in filters {
        passed.retain(|trial| filter.passes(&cells[*trial]));
        if passed.is_empty() {
            let mut there: Vec<&str> =
                cells.iter().filter_map(|cells| Some(cells.get(filter.key.as_str())?.as_str())).collect();
            there.sort_unstable();
            there.dedup();
            there.iter_mut().filter(|cell| cell.is_empty()).for_each(|cell| *cell = NOTHING[0]);
            let problem = format!(
                "no trial has {} = {} (and passes the filters before); there are: {}",
                filter.key,
                filter.values.join(" or "),
                there.join(", ")
            );
            return Err(ExperimentError::Argument { name: "--filter", problem });
        }
    }
    for trial in passed {
        match recorded.get(&trials[trial].id) {
            Some(TrialStatus::Ok) => selection.done.push(trial),
            Some(TrialStatus::Failed) if !retry_failed => selection.failed.push(trial),
            _ => selection.run.push(trial),
        }
    }
    Ok(selection)
}

fn cells_of(spec: &TrialSpec) -> Result<HashMap<&'static str, String>, ExperimentError> {
    Ok(cells(&TrialRow::of_spec(spec))?.into_iter().collect())
}

/// What distinguishes each trial from the others of its experiment, such as `log_n=15 threads=2`.
///
/// # Errors
/// [`ExperimentError::Encode`].
pub fn labels(trials: &[TrialSpec]) -> Result<Vec<String>, ExperimentError> {
    let mut cells: Vec<_> = trials.iter().map(cells_of).collect::<Result<_, _>>()?;
    // File names do not tell networks of different directories apart.
    let names: Vec<_> = trials.iter().map(|spec| (spec.weights_name(), spec.weights_sha256())).collect();
    let networks = Networks::of(names.iter().map(|(names, sha256)| (names.as_str(), sha256.as_str(), "")));
    for (cells, (names, sha256)) in cells.iter_mut().zip(&names) {
        let members = Named::members(names, sha256);
        if members.iter().any(|member| networks.label(member) != member.name) {
            let labels: Vec<String> = members.iter().map(|member| networks.label(member)).collect();
            cells.insert(TrialRow::model.name, labels.join(" "));
        }
    }
    let differs = |name: &&&str| {
        let first = cells.first().and_then(|cells| cells.get(**name));
        cells.iter().any(|cells| cells.get(**name) != first)
    };
    let names: Vec<&str> = TrialRow::SETTINGS.iter().filter(differs).copied().collect();
    let label = |cells: &HashMap<&'static str, String>| {
        let parts = names.iter().map(|name| format!("{name}={}", cells.get(*name).map_or("", String::as_str)));
        parts.collect::<Vec<_>>().join(" ")
    };
    Ok(cells.iter().map(label).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::setting::{LogN, Threads};
    use crate::experiment::trial::tests::sample_with;

    fn trials() -> Vec<TrialSpec> {
        let spec = |log_n, threads| {
            sample_with(|settings| {
                settings.log_n = LogN(log_n);
                settings.threads = Threads(Some(threads));
            })
        };
        vec![spec(14, 1), spec(14, 2), spec(15, 1), spec(15, 2)]
    }

    fn filter(text: &str) -> Filter {
        Filter::parse(text).unwrap()
    }

    #[test]
    fn filters_must_all_pass() {
        let chosen = |filters: &[&str]| {
            let filters: Vec<_> = filters.iter().map(|text| filter(text)).collect();
            select(&trials(), &filters, &HashMap::new(), false).map(|selection| selection.run)
        };
        assert_eq!(chosen(&[]).unwrap(), [0, 1, 2, 3]);
        assert_eq!(chosen(&["log_n=15"]).unwrap(), [2, 3]);
        assert_eq!(chosen(&["log_n=14, 15", "threads = 2"]).unwrap(), [1, 3]);
        assert_eq!(chosen(&["log_n=15.0", "clusters=none", "seed=null"]).unwrap(), [2, 3]);
        let numbers = |wanted: &str, there: &str| {
            filter(&format!("seed={wanted}")).passes(&HashMap::from([("seed", there.to_owned())]))
        };
        assert!(numbers("10000000000000001", "10000000000000001") && numbers("1e3", "1000"));
        assert!(!numbers("10000000000000001", "10000000000000000"));
        assert!(chosen(&["clusters=16"]).unwrap_err().to_string().ends_with("there are: none"));
        assert_eq!(chosen(&[&format!("trial_id={}", trials()[2].id)]).unwrap(), [2]);
        let kept = |wanted: &str| {
            filter(&format!("memory={wanted}"))
                .passes(&HashMap::from([(TrialRow::memory.name, "2147483648".to_owned())]))
        };
        assert!(kept("2 GiB") && kept("2147483648") && kept("1 GiB,2048 MiB") && !kept("3 GiB"));
        for (model, passes) in [("net", true), ("net.safetensors", true), ("net2", false), ("", false)] {
            assert_eq!(chosen(&[&format!("model={model}")]).is_ok(), passes, "{model}");
        }
        let text = chosen(&["log_n=13"]).unwrap_err().to_string();
        assert_eq!(text, "--filter: no trial has log_n = 13 (and passes the filters before); there are: 14, 15");
    }

    #[test]
    fn mistyped_filters() {
        assert!(Filter::parse("log_n").unwrap_err().contains("write key=value"));
        assert_eq!(Filter::parse("lgo_n=14").unwrap_err(), "\"lgo_n\" is no setting; did you mean `log_n`?");
        assert!(Filter::parse("accuracy=1").is_err());
    }

    #[test]
    fn what_is_recorded_does_not_run_again() {
        let trials = trials();
        let recorded = HashMap::from([
            (trials[0].id.clone(), TrialStatus::Ok),
            (trials[1].id.clone(), TrialStatus::Failed),
            ("another".to_owned(), TrialStatus::Ok),
        ]);
        let selection = select(&trials, &[], &recorded, false).unwrap();
        assert_eq!(selection, Selection { run: vec![2, 3], done: vec![0], failed: vec![1] });
        let selection = select(&trials, &[], &recorded, true).unwrap();
        assert_eq!(selection, Selection { run: vec![1, 2, 3], done: vec![0], failed: vec![] });
    }

    #[test]
    fn labels_tell_what_differs() {
        assert_eq!(labels(&trials()[..2]).unwrap(), ["threads=1", "threads=2"]);
        assert_eq!(labels(&trials()).unwrap()[2], "log_n=15 threads=1");
        assert_eq!(labels(&trials()[..1]).unwrap(), [""]);
        let mut pair = [trials()[0].clone(), trials()[0].clone()];
        pair[1].members[0].sha256 = "12".repeat(32);
        assert_eq!(labels(&pair).unwrap(), ["model=net@00000000", "model=net@12121212"]);
    }
}
