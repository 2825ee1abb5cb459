//! The trials of one or several results directories, by column.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use super::ReportError;
use super::accuracy_rows;
use super::columns::{FURTHER_SETTINGS, REPETITIONS, trial};
use super::tables;
use crate::experiment::records::{Record, TrialRow};

/// Whether a directory has trials.
#[must_use]
pub fn has_trials(directory: &Path) -> bool {
    directory.join(TrialRow::FILE).is_file()
}

/// Column that is made here: what tells the weights of one network, width, data set and activation apart.
pub const VARIANT: &str = "weights_variant";

/// Trials that came to their end, of several attempts the last one each.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    texts: HashMap<String, Vec<String>>,
    len: usize,
    /// For each trial the directory that its row is in, by position in [`Rows::directories`].
    directory: Vec<usize>,
    directories: Vec<PathBuf>,
    failed: usize,
    settings: Vec<&'static str>,
    codes: Vec<(&'static str, Vec<u32>)>,
}

impl Rows {
    /// Reads the trials of results directories.
    ///
    /// # Errors
    /// As [`Table::read`].
    pub fn read(directories: &[PathBuf]) -> Result<Self, ReportError> {
        let mut rows = Self { directories: directories.to_vec(), ..Self::default() };
        for (number, directory) in directories.iter().enumerate() {
            let has_accuracies = directory.join(accuracy_rows::FILE).is_file();
            if has_accuracies {
                rows.append(accuracy_rows::read(directory)?, number);
            }
            if has_accuracies && !has_trials(directory) {
                continue;
            }
            let all = tables::trials(directory)?;
            let ended = all.rows_where(trial::STATUS, "ok")?;
            rows.failed += all.len() - ended.len();
            let names = ended.names();
            let columns = names.into_iter().map(|name| Ok((name.clone(), ended.text(&name)?)));
            rows.append(columns.collect::<Result<_, ReportError>>()?, number);
        }
        let variants = (0..rows.len).map(|row| rows.variant(row)).collect();
        rows.texts.insert(VARIANT.to_owned(), variants);
        rows.settings = rows.known_settings();
        rows.codes = rows.encoded();
        Ok(rows)
    }

    /// Adds columns of equal length.
    fn append(&mut self, columns: Vec<(String, Vec<String>)>, directory: usize) {
        let added = columns.first().map_or(0, |(_, cells)| cells.len());
        for (name, cells) in columns {
            let column = self.texts.entry(name).or_default();
            column.resize(self.len, String::new());
            column.extend(cells);
        }
        self.len += added;
        self.directory.resize(self.len, directory);
        self.texts.values_mut().for_each(|column| column.resize(self.len, String::new()));
    }

    /// Number of trials.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Number of trials that failed, which are not here.
    #[must_use]
    pub const fn failed(&self) -> usize {
        self.failed
    }

    /// Where the row of a trial is.
    #[must_use]
    pub fn directory(&self, row: usize) -> &PathBuf {
        &self.directories[self.directory[row]]
    }

    /// A cell; empty where the table has no such column.
    #[must_use]
    pub fn text(&self, column: &str, row: usize) -> &str {
        self.texts.get(column).map_or("", |column| column[row].as_str())
    }

    /// A cell as a number.
    #[must_use]
    pub fn number(&self, column: &str, row: usize) -> Option<f64> {
        self.text(column, row).parse().ok().filter(|number: &f64| number.is_finite())
    }

    /// Whether the weights of a trial were trained: an accuracy of others means nothing.
    #[must_use]
    pub fn is_trained(&self, row: usize) -> bool {
        self.text(trial::WEIGHTS, row) != "random"
    }

    /// The weights of a trial without their seeds, so that repetitions of a training, and the members of an ensemble, are one recipe.
    #[must_use]
    pub fn recipe(&self, row: usize) -> String {
        let recipes: BTreeSet<&str> = self.text(trial::MODEL, row).split([' ', '+']).map(without_seed).collect();
        recipes.into_iter().collect::<Vec<_>>().join(" ")
    }

    /// What the names of the weights say beyond network, width, data set, activation and seed: `distilled`; empty: nothing.
    fn variant(&self, row: usize) -> String {
        let [network, width, dataset, activation] =
            [trial::NETWORK, trial::WIDTH, trial::DATASET, trial::ACTIVATION].map(|name| self.text(name, row));
        let known = format!("{network}_w{width}_{dataset}_");
        let recipe = self.recipe(row);
        // A recipe may call its activation otherwise than the card: `penalty` is one way to a quadratic.
        let told = |name| match str::strip_prefix(name, &known) {
            Some(rest) => rest.strip_prefix(activation).unwrap_or(rest).trim_start_matches('_'),
            None => name,
        };
        let rest: Vec<&str> = recipe.split(' ').map(told).collect();
        if rest.iter().all(|rest| rest.is_empty()) {
            return String::new();
        }
        rest.iter().map(|rest| if rest.is_empty() { "plain" } else { rest }).collect::<Vec<_>>().join(" + ")
    }

    /// The settings by which configurations differ, those that are there.
    #[must_use]
    pub fn settings(&self) -> &[&'static str] {
        &self.settings
    }

    /// What configurations are told apart by, a number for each value: name, and the number of every row.
    #[must_use]
    pub fn codes(&self) -> &[(&'static str, Vec<u32>)] {
        &self.codes
    }

    fn encoded(&self) -> Vec<(&'static str, Vec<u32>)> {
        let of = |name: &'static str, value: &dyn Fn(usize) -> String| {
            let mut known: HashMap<String, u32> = HashMap::new();
            let code = |row| {
                let next = known.len() as u32;
                *known.entry(value(row)).or_insert(next)
            };
            (name, (0..self.len).map(code).collect())
        };
        let named = [trial::NETWORK, trial::WIDTH, trial::DATASET, trial::ACTIVATION];
        let mut codes: Vec<_> =
            named.into_iter().map(|name| of(name, &|row| self.text(name, row).to_owned())).collect();
        codes.push(of(trial::MODEL, &|row| self.recipe(row)));
        let others = self.settings.iter().copied().filter(|name| !named.contains(name));
        codes.extend(others.map(|name| of(name, &|row| self.setting(name, row).to_owned())));
        codes
    }

    fn known_settings(&self) -> Vec<&'static str> {
        let further = FURTHER_SETTINGS.iter().filter(|setting| !TrialRow::SETTINGS.contains(setting));
        let all = TrialRow::SETTINGS.iter().chain(further).copied();
        all.filter(|setting| self.texts.contains_key(*setting) && !REPETITIONS.contains(setting)).collect()
    }

    /// The value of a setting that tells configurations apart. What is off reads as empty, as where nobody could ask for it.
    #[must_use]
    pub fn setting(&self, name: &str, row: usize) -> &str {
        let text = self.text(name, row);
        let off = match name {
            trial::ENSEMBLE | trial::BATCH => "1",
            trial::CLUSTERS => "none",
            trial::CLUSTER_MODE | trial::CLUSTER_METHOD if self.setting(trial::CLUSTERS, row).is_empty() => text,
            _ => return text,
        };
        if text == off { "" } else { text }
    }
}

/// A file name without extension and without the seed at its end.
#[must_use]
pub(super) fn without_seed(file: &str) -> &str {
    split_seed(file).0
}

/// A file name without extension in two: the recipe, and the seed where there is one.
#[must_use]
pub(super) fn split_seed(file: &str) -> (&str, Option<u64>) {
    let stem = file.trim_end_matches(".safetensors");
    let parts = stem.rsplit_once("_seed").and_then(|(recipe, seed)| Some((recipe, seed.parse().ok()?)));
    parts.map_or((stem, None), |(recipe, seed)| (recipe, Some(seed)))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Trials from a CSV text.
    pub(crate) fn rows(csv: &str) -> Rows {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("trials.csv"), csv).unwrap();
        Rows::read(&[directory.path().to_owned()]).unwrap()
    }

    #[test]
    fn directories_with_other_columns_are_one_table() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        std::fs::write(one.path().join("trials.csv"), "trial_id,status,log_n\na,ok,15\nb,failed,\n").unwrap();
        std::fs::write(two.path().join("trials.csv"), "trial_id,status,clusters\nc,ok,none\nd,ok,64\n").unwrap();
        let rows = Rows::read(&[one.path().to_owned(), two.path().to_owned()]).unwrap();
        assert_eq!((rows.len(), rows.failed()), (3, 1));
        assert_eq!((rows.number("log_n", 0), rows.number("log_n", 1)), (Some(15.0), None));
        assert_eq!(
            (rows.text("clusters", 0), rows.setting("clusters", 1), rows.setting("clusters", 2)),
            ("", "", "64")
        );
        assert_eq!(rows.directory(2), two.path());
        assert_eq!(rows.text("absent", 0), "");
    }

    #[test]
    fn a_seed_is_no_recipe() {
        let rows = rows(
            "trial_id,status,model\na,ok,r20_seed3.safetensors\nb,ok,r20_seeds.safetensors\nc,ok,r20_seed0.safetensors r20_seed1.safetensors\n",
        );
        assert_eq!((rows.recipe(0), rows.recipe(1)), ("r20".into(), "r20_seeds".into()));
        assert_eq!(rows.text(VARIANT, 0), "r20");
        assert_eq!(rows.recipe(2), "r20");
        let named = super::tests::rows(
            "trial_id,status,network,width,dataset,activation,model\n\
             a,ok,r20,16,c10,herpn,r20_w16_c10_herpn_seed0.safetensors\n\
             b,ok,r20,16,c10,herpn,r20_w16_c10_herpn_distilled_seed0\n\
             c,ok,r20,16,c10,herpn,r20_w16_c10_herpn_distilled_seed0+r20_w16_c10_herpn_seed1\n\
             e,ok,r20,16,c10,quadratic,r20_w16_c10_penalty_continued_seed0\n\
             d,ok,r20,16,c10,herpn,r20_w16_c10_herpn_seed0+r20_w16_c10_herpn_distilled_seed0+r20_w16_c10_herpn_seed0\n",
        );
        let variants = ["", "distilled", "plain + distilled", "penalty_continued", "plain + distilled"];
        assert_eq!([0, 1, 2, 3, 4].map(|row| named.text(VARIANT, row)), variants);
    }
}
