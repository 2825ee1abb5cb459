//! The prices that forecasts are made with: this machine's, measured once and kept in the user's cache.
//!
//! `LEVELED_PRICES` says otherwise: `stored` takes those that are part of the program, so that nothing depends on the machine;
//! a file of prices, or prices in JSON, take those. `LEVELED_CACHE` moves the cache, or turns it `off`.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::ExperimentError;
use super::fingerprint::sha256_of_text;
use super::host::Host;
use super::program::Program;
use super::records::words;
use super::setting::Threads;
use super::store::write_json;
use crate::inference::Prices;
use crate::inference::prices::measure;
use crate::ring::simd::instructions;
use crate::user_file::read_text;

/// The variable that chooses prices.
pub const PRICES: &str = "LEVELED_PRICES";
/// The variable that names the cache.
pub const CACHE: &str = "LEVELED_CACHE";

words! {
    /// Where prices come from.
    pub enum PriceOrigin {
        /// Measured on this machine, now or earlier.
        Measured = "measured",
        /// Part of the program.
        Stored = "stored",
        /// Given by the user.
        Given = "given",
    }
}

/// Prices, and where they come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownPrices {
    /// Where from.
    pub origin: PriceOrigin,
    /// The prices.
    pub prices: Prices,
}

impl KnownPrices {
    /// The prices that the environment asks for: this machine's, if it asks for nothing.
    ///
    /// # Errors
    /// [`ExperimentError::Prices`] for a variable that names none.
    pub fn here() -> Result<Self, ExperimentError> {
        Self::chosen(env::var_os(PRICES), cache_directory(env::var_os))
    }

    fn chosen(wanted: Option<OsString>, cache: Option<PathBuf>) -> Result<Self, ExperimentError> {
        let wanted = wanted.unwrap_or_default();
        match wanted.to_str() {
            Some("" | "measured") => Ok(Self::measured(cache.as_deref())),
            Some("stored") => Ok(Self::stored()),
            Some(text) if text.trim_start().starts_with('{') => Self::given(PRICES, text),
            _ => {
                let path = Path::new(&wanted);
                let problem = |error| ExperimentError::Prices {
                    place: PRICES.into(),
                    problem: format!(
                        "cannot read {}: {error}; give `measured`, `stored` or a file of prices",
                        path.display()
                    ),
                };
                Self::given(&path.display().to_string(), &read_text(path).map_err(problem)?)
            }
        }
    }

    fn given(place: &str, text: &str) -> Result<Self, ExperimentError> {
        let refused = |problem| ExperimentError::Prices { place: place.into(), problem };
        let prices: Prices = serde_json::from_str(text)
            .map_err(|error| refused(format!("{error}; `bench_ops --prices` prints prices of this form")))?;
        if !prices.is_sound() {
            return Err(refused("prices are seconds of at least 0, and those of transforms more".into()));
        }
        Ok(Self { origin: PriceOrigin::Given, prices })
    }

    /// Those that come with the program.
    #[must_use]
    pub fn stored() -> Self {
        let cores = Threads::all() as usize;
        Self { origin: PriceOrigin::Stored, prices: Prices { cores, ..Prices::stored(instructions()) } }
    }

    /// Those of the cache, or measured and kept there. A cache that cannot be read or written does no harm.
    fn measured(cache: Option<&Path>) -> Self {
        let machine = Machine::here();
        if let Some(prices) = cache.and_then(|cache| machine.recall(cache)) {
            return Self { origin: PriceOrigin::Measured, prices };
        }
        let Some(prices) = measure().ok().filter(Prices::is_sound) else { return Self::stored() };
        if let Some(cache) = cache {
            // Without it, the next command measures again.
            let _ = machine.keep(cache, &prices);
        }
        Self { origin: PriceOrigin::Measured, prices }
    }

    /// What [`PRICES`] is for a process that is to take the same prices.
    ///
    /// # Errors
    /// [`ExperimentError::Encode`].
    pub fn in_words(&self) -> Result<String, ExperimentError> {
        serde_json::to_string(&self.prices)
            .map_err(|error| ExperimentError::Encode { what: "prices", reason: error.to_string() })
    }
}

/// The directory of the cache by the environment; none: there is to be none.
fn cache_directory(variable: impl Fn(&'static str) -> Option<OsString>) -> Option<PathBuf> {
    let named = |name| variable(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(directory) = named(CACHE) {
        return (directory != Path::new("off")).then_some(directory);
    }
    // The standard ignores relative paths.
    let standard = named("XDG_CACHE_HOME").filter(|path| path.is_absolute());
    let base = standard.or_else(|| named("HOME").map(|home| home.join(".cache")))?;
    Some(base.join("leveled"))
}

/// What measured prices depend on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Machine {
    processor: String,
    cores: u32,
    instructions: String,
    program: String,
}

/// A file of the cache.
#[derive(Debug, Serialize, Deserialize)]
struct Entry {
    machine: Machine,
    prices: Prices,
}

impl Machine {
    fn here() -> Self {
        let Host { processor, cores, instruction_set: instructions, .. } = Host::detect();
        let Program { version, commit, .. } = Program::this();
        Self { processor, cores, instructions, program: format!("{version} {commit}") }
    }

    fn file(&self, cache: &Path) -> PathBuf {
        // Homes are shared between machines.
        let mark = sha256_of_text(&format!("{} {}", self.processor, self.cores));
        cache.join(format!("prices-{}-{}.json", self.instructions, &mark[..12]))
    }

    fn recall(&self, cache: &Path) -> Option<Prices> {
        let text = fs::read_to_string(self.file(cache)).ok()?;
        let entry: Entry = serde_json::from_str(&text).ok()?;
        (entry.machine == *self && entry.prices.is_sound()).then_some(entry.prices)
    }

    fn keep(&self, cache: &Path, prices: &Prices) -> Result<(), ExperimentError> {
        let path = self.file(cache);
        fs::create_dir_all(cache).map_err(|source| ExperimentError::Append { path: path.clone(), source })?;
        let entry = Entry { machine: self.clone(), prices: prices.clone() };
        write_json(&path, "prices", &entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        Machine { processor: "A".into(), cores: 2, instructions: "avx2".into(), program: "0.1.0 abc".into() }
    }

    #[test]
    fn a_cache_remembers_its_machine_only() {
        let directory = tempfile::tempdir().unwrap();
        let cache = directory.path().join("new/leveled");
        let mut prices = Prices::default();
        prices.alone.pass = 1.25e-5;
        assert_eq!(machine().recall(&cache), None);
        machine().keep(&cache, &prices).unwrap();
        assert_eq!(machine().recall(&cache), Some(prices.clone()));
        let others = [
            Machine { processor: "B".into(), ..machine() },
            Machine { cores: 3, ..machine() },
            Machine { instructions: "portable".into(), ..machine() },
            Machine { program: "0.1.0 def".into(), ..machine() },
        ];
        for other in others {
            // Even if it finds the file under its name.
            fs::copy(machine().file(&cache), other.file(&cache)).ok();
            assert_eq!(other.recall(&cache), None, "{other:?}");
        }
    }

    #[test]
    fn a_damaged_cache_is_none_and_is_mended() {
        let directory = tempfile::tempdir().unwrap();
        let cache = directory.path();
        let prices = Prices::default();
        machine().keep(cache, &prices).unwrap();
        let whole = fs::read_to_string(machine().file(cache)).unwrap();
        let unsound = whole.replacen("\"cores\": 2,\n    \"alone\"", "\"cores\": 0,\n    \"alone\"", 1);
        assert_ne!(unsound, whole);
        for damaged in ["", "{}", &whole[..whole.len() / 2], "\u{0}", &unsound] {
            fs::write(machine().file(cache), damaged).unwrap();
            assert_eq!(machine().recall(cache), None, "{damaged}");
        }
        machine().keep(cache, &prices).unwrap();
        assert_eq!(machine().recall(cache), Some(prices));
    }

    #[test]
    fn a_cache_that_cannot_be_written_is_told_to_its_caller_only() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(machine().keep(&file, &Prices::default()).is_err());
        assert_eq!(machine().recall(&file), None);
        // Measuring goes on without it.
        let known = KnownPrices::measured(Some(&file));
        assert!(known.prices.is_sound());
        assert_eq!(known.prices.instructions, instructions().name());
    }

    #[test]
    fn what_the_cache_holds_is_taken() {
        let directory = tempfile::tempdir().unwrap();
        let mut prices = Prices::default();
        prices.alone.pass = 1.25e-5;
        Machine::here().keep(directory.path(), &prices).unwrap();
        let known = KnownPrices::chosen(None, Some(directory.path().into())).unwrap();
        assert_eq!(known, KnownPrices { origin: PriceOrigin::Measured, prices });
    }

    #[test]
    fn the_environment_chooses() {
        let chosen = |text: &str| KnownPrices::chosen(Some(text.into()), None);
        assert_eq!(chosen("stored").unwrap().origin, PriceOrigin::Stored);
        let stored = KnownPrices { origin: PriceOrigin::Given, ..chosen("stored").unwrap() };
        assert_eq!(chosen(&stored.in_words().unwrap()).unwrap(), stored);
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("prices.json");
        fs::write(&file, stored.in_words().unwrap()).unwrap();
        assert_eq!(chosen(file.to_str().unwrap()).unwrap(), stored);
        let refused = |text: &str| {
            let error = chosen(text).unwrap_err();
            assert!(error.is_user_error());
            error.to_string()
        };
        assert!(refused("no such file").contains("LEVELED_PRICES: cannot read no such file"));
        assert!(refused("{}").contains("bench_ops --prices"));
        let unsound =
            stored.in_words().unwrap().replacen(&format!("\"cores\":{}", stored.prices.cores), "\"cores\":0", 1);
        assert!(refused(&unsound).contains("prices are seconds"));
    }

    #[test]
    fn the_cache_is_where_the_environment_says() {
        let directory = |variables: &[(&str, &str)]| {
            cache_directory(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| value.into()))
        };
        let home = ("HOME", "/home/x");
        assert_eq!(directory(&[home]), Some("/home/x/.cache/leveled".into()));
        assert_eq!(directory(&[home, ("XDG_CACHE_HOME", "/c")]), Some("/c/leveled".into()));
        assert_eq!(directory(&[home, ("XDG_CACHE_HOME", "relative")]), Some("/home/x/.cache/leveled".into()));
        assert_eq!(directory(&[home, (CACHE, "here")]), Some("here".into()));
        assert_eq!(directory(&[home, (CACHE, "off")]), None);
        assert_eq!(directory(&[]), None);
    }
}
