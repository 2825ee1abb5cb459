//! The trials of one or several results directories, by column.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::ReportError;
use super::accuracy_rows;
use super::columns::{FURTHER_SETTINGS, REPETITIONS, trial};
use super::table::Table;
use super::tables;
use crate::experiment::networks::{Named, Networks};
use crate::experiment::records::{AccuracyRow, Record, TrialRow};

/// Whether a directory has trials.
#[must_use]
pub fn has_trials(directory: &Path) -> bool {
    directory.join(TrialRow::FILE).is_file()
}

/// Column that is made here: what tells the weights of one network, width, data set and activation apart.
pub const VARIANT: &str = "weights_variant";

/// Column that is made here: the names of the weights, such that no two networks have the same.
const LABEL: &str = "weights_label";

/// Column that is made here: the names of the weights without their seeds.
const RECIPE: &str = "weights_recipe";

/// Trials that came to their end, of several attempts the last one each.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    texts: HashMap<String, Vec<String>>,
    len: usize,
    /// For each trial the directory that its row is in, by position in [`Rows::directories`].
    directory: Vec<usize>,
    directories: Vec<PathBuf>,
    failed: usize,
    measured_again: usize,
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
        let mut accuracies = HashSet::new();
        let mut tables = Vec::new();
        for (number, directory) in directories.iter().enumerate() {
            let has_accuracies = directory.join(AccuracyRow::FILE).is_file();
            if has_accuracies {
                rows.append(accuracy_rows::read(directory, &mut accuracies)?, number);
            }
            if !has_accuracies || has_trials(directory) {
                tables.push((number, tables::trials(directory)?));
            }
        }
        let copies = rows.append_trials(&tables)?;
        rows.measured_again = copies;
        rows.name_networks();
        rows.settings = rows.known_settings();
        rows.codes = rows.encoded();
        Ok(rows)
    }

    /// Adds the trials that came to their end. A trial that is in several tables, copies of each other or not, counts once: its last
    /// attempt, of several the one that ended last. Gives the number of trials that were measured several times.
    fn append_trials(&mut self, tables: &[(usize, Table)]) -> Result<usize, ReportError> {
        let mut best: HashMap<String, (u64, String, usize)> = HashMap::new();
        let mut again = HashSet::new();
        for (place, (_, table)) in tables.iter().enumerate() {
            let (attempts, ended) = (table.text_or_empty(trial::ATTEMPT), table.text_or_empty(trial::ENDED));
            for ((id, attempt), ended) in table.text(trial::ID)?.into_iter().zip(attempts).zip(ended) {
                let rank = (attempt.parse().unwrap_or(0), ended);
                match best.get_mut(&id) {
                    None => {
                        best.insert(id, (rank.0, rank.1, place));
                    }
                    Some((attempt, ended, chosen)) => {
                        if (*attempt, &*ended) != (rank.0, &rank.1) {
                            again.insert(id);
                        }
                        if (rank.0, &rank.1) > (*attempt, &*ended) {
                            (*attempt, *ended, *chosen) = (rank.0, rank.1, place);
                        }
                    }
                }
            }
        }
        for (place, (number, table)) in tables.iter().enumerate() {
            let ids = table.text(trial::ID)?;
            let chosen: Vec<usize> =
                (0..table.len()).filter(|row| best.get(&ids[*row]).is_some_and(|best| best.2 == place)).collect();
            let all = table.rows_at(&chosen)?;
            let ended = all.rows_where(trial::STATUS, "ok")?;
            self.failed += all.len() - ended.len();
            let columns = ended.names().into_iter().map(|name| Ok((name.clone(), ended.text(&name)?)));
            let mut columns = columns.collect::<Result<_, ReportError>>()?;
            accuracy_rows::set_apart(&mut columns);
            self.append(columns, *number);
        }
        Ok(again.len())
    }

    /// Makes the columns that tell networks apart.
    fn name_networks(&mut self) {
        let this = &*self;
        let cells = |name: &'static str| (0..this.len).map(move |row| this.text(name, row));
        let columns = cells(trial::MODEL).zip(cells(trial::MODEL_SHA256)).zip(cells(trial::RECIPE_SHA256));
        let networks = Networks::of(columns.clone().map(|((names, sha256), recipes)| (names, sha256, recipes)));
        let members: Vec<Vec<Named>> = columns.map(|((names, sha256), _)| Named::members(names, sha256)).collect();
        let labels =
            |members: &Vec<Named>| members.iter().map(|member| networks.label(member)).collect::<Vec<_>>().join(" ");
        let recipe = |members: &Vec<Named>| {
            let recipes: BTreeSet<String> = members.iter().map(|member| networks.recipe(member)).collect();
            recipes.into_iter().collect::<Vec<_>>().join(" ")
        };
        let (labels, recipes) = (members.iter().map(labels).collect(), members.iter().map(recipe).collect());
        self.texts.insert(LABEL.to_owned(), labels);
        self.texts.insert(RECIPE.to_owned(), recipes);
        let variants = (0..self.len).map(|row| self.variant(row)).collect();
        self.texts.insert(VARIANT.to_owned(), variants);
    }

    /// Number of trials that several directories have other measurements of.
    #[must_use]
    pub const fn measured_again(&self) -> usize {
        self.measured_again
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
    pub fn recipe(&self, row: usize) -> &str {
        self.text(RECIPE, row)
    }

    /// What the weights of a trial are called: names that tell different files apart, and the same file always the same.
    #[must_use]
    pub fn label(&self, row: usize) -> &str {
        self.text(LABEL, row)
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
        codes.push(of(trial::MODEL, &|row| self.recipe(row).to_owned()));
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
    fn copies_of_a_trial_count_once() {
        let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let header = "trial_id,attempt,status,ended,latency_seconds_median\n";
        let text = format!("{header}a,1,ok,2026-01-01T00:00:00Z,22.8\nb,1,failed,2026-01-01T00:00:00Z,\n");
        std::fs::write(one.path().join("trials.csv"), &text).unwrap();
        std::fs::write(two.path().join("trials.csv"), &text).unwrap();
        let directories = [one.path().to_owned(), two.path().to_owned()];
        let rows = Rows::read(&directories).unwrap();
        assert_eq!((rows.len(), rows.failed(), rows.measured_again()), (1, 1, 0));
        assert_eq!(rows.directory(0), one.path());
        assert_eq!(Rows::read(&[directories[0].clone(), directories[0].clone()]).unwrap().len(), 1);
        // Measured again: the one that ended last; an attempt that failed is behind a later one that did not.
        let later = "a,1,ok,2026-02-01T00:00:00Z,30\nb,2,ok,2026-02-01T00:00:00Z,5\n";
        std::fs::write(two.path().join("trials.csv"), format!("{header}{later}")).unwrap();
        for directories in [directories.clone(), [directories[1].clone(), directories[0].clone()]] {
            let rows = Rows::read(&directories).unwrap();
            assert_eq!((rows.len(), rows.failed(), rows.measured_again()), (2, 0, 2));
            assert_eq!([0, 1].map(|row| rows.number("latency_seconds_median", row)), [Some(30.0), Some(5.0)]);
        }
        // A table that was sorted by a spreadsheet.
        let sorted = format!("{header}a,2,ok,2026-02-01T00:00:00Z,7\na,1,failed,2026-01-01T00:00:00Z,\n");
        assert_eq!(self::rows(&sorted).number("latency_seconds_median", 0), Some(7.0));
    }

    #[test]
    fn networks_of_one_name_are_two() {
        let rows = rows(
            "trial_id,status,network,width,dataset,activation,model,model_sha256,weights\n\
             a,ok,r20,16,c10,herpn,model.safetensors,1111111111,trained\n\
             b,ok,r20,16,c10,herpn,model.safetensors,2222222222,trained\n\
             c,ok,r20,16,c10,herpn,other.safetensors,2222222222,trained\n",
        );
        assert_eq!([0, 1, 2].map(|row| rows.label(row)), ["model@11111111", "model@22222222", "other"]);
        assert_eq!([0, 1].map(|row| rows.text(VARIANT, row)), ["model@11111111", "model@22222222"]);
        assert_ne!(rows.codes().last().map(|(_, codes)| codes[0]), None);
        let (_, models) = rows.codes().iter().find(|(name, _)| *name == trial::MODEL).unwrap();
        assert_ne!(models[0], models[1]);
    }

    #[test]
    fn a_seed_is_no_recipe() {
        let rows = rows(
            "trial_id,status,model\na,ok,r20_seed3.safetensors\nb,ok,r20_seeds.safetensors\nc,ok,r20_seed0.safetensors r20_seed1.safetensors\n",
        );
        assert_eq!((rows.recipe(0), rows.recipe(1)), ("r20", "r20_seeds"));
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
