//! The trials of one or several results directories.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};

use polars::functions::concat_df_diagonal;
use polars::prelude::*;

use super::ReportError;
use super::accuracy_rows;
use super::columns::{BESIDE_SETTINGS, REPETITIONS, trial};
use super::table::{self, alike, attempt_rank, rows_at};
use super::tables;
use crate::experiment::networks::{Named, Networks};
use crate::experiment::records::{AccuracyRow, ImageSet, Record, TrialRow};
use crate::experiment::setting::{LayoutKind, Processes, RingSwitching};
use crate::network::{Pool, Shortcut};

/// Whether a directory has trials.
#[must_use]
pub fn has_trials(directory: &Path) -> bool {
    directory.join(TrialRow::FILE).is_file()
}

/// Column that is made here: what tells the weights of one network, width, data set and activation apart.
pub const VARIANT: &str = "weights_variant";

/// Column that is made here: the names of the weights, which tell different files apart; the same file has always the same.
pub const LABEL: &str = "weights_label";

/// What the batch of the tiled layout reads as where no number is set: as many images as a ciphertext has room for.
pub const FULL_BATCH: &str = "auto";

/// Column that is made here: the names of the weights without their seeds, so that repetitions of a training, and the members of an
/// ensemble, are one recipe.
const RECIPE: &str = "weights_recipe";

/// Column that is made here: the directory of a row, by position in [`Rows::directories`].
const DIRECTORY: &str = "results_directory";

/// Trials that came to their end, of several attempts the last one each. What is off in a setting reads as empty, as where nobody could
/// ask for it; a batch reads as what it is by its layout.
#[derive(Debug, Clone)]
pub struct Rows {
    frame: DataFrame,
    directories: Vec<PathBuf>,
    failed: usize,
    measured_again: usize,
    settings: Vec<&'static str>,
}

impl Rows {
    /// Reads the trials of results directories.
    ///
    /// # Errors
    /// As [`super::table::Table::read`].
    pub fn read(directories: &[PathBuf]) -> Result<Self, ReportError> {
        let wrong = |error: PolarsError| ReportError::Compute { what: "trials", reason: error.to_string() };
        let (mut accuracies, mut trials) = (Vec::new(), Vec::new());
        for (number, directory) in directories.iter().enumerate() {
            let of_directory = |mut frame: DataFrame| {
                let number = Column::new_scalar(DIRECTORY.into(), (number as u64).into(), frame.height());
                frame.with_column(number).cloned().map_err(wrong)
            };
            let has_accuracies = directory.join(AccuracyRow::FILE).is_file();
            if has_accuracies {
                accuracies.push(of_directory(accuracy_rows::read(directory)?)?);
            }
            if !has_accuracies || has_trials(directory) {
                let table = tables::trials(directory)?;
                table.column(trial::STATUS)?;
                trials.push(of_directory(table.frame().clone())?);
            }
        }
        Self::of(directories, &accuracies, &trials).map_err(wrong)
    }

    fn of(directories: &[PathBuf], accuracies: &[DataFrame], trials: &[DataFrame]) -> PolarsResult<Self> {
        let (trials, measured_again) = last(trials)?;
        let ended = ended(&trials)?;
        let failed = trials.height() - ended.height();
        let mut all = if accuracies.is_empty() { Vec::new() } else { vec![accuracy_rows::distinct(accuracies)?] };
        if ended.width() > 0 {
            all.push(accuracy_rows::set_apart(ended)?);
        }
        let mut frame = if all.is_empty() { DataFrame::default() } else { concat_df_diagonal(&all)? };
        switch_off(&mut frame)?;
        name_networks(&mut frame)?;
        let known = TrialRow::SETTINGS.iter().copied().chain(BESIDE_SETTINGS);
        let settings = known.filter(|name| frame.column(name).is_ok() && !REPETITIONS.contains(name)).collect();
        let mut rows = Self { frame, directories: directories.to_vec(), failed, measured_again, settings };
        rows.tell_working()?;
        Ok(rows)
    }

    /// Empties the working memory but for trials with seconds in layouts that use it, and there where it does not tell apart what is alike in all
    /// else, since each experiment has its own.
    fn tell_working(&mut self) -> PolarsResult<()> {
        const PACKED: &str = LayoutKind::Packed.as_str();
        let Ok(working) = self.frame.column(trial::WORKING).and_then(|column| column.u64()).cloned() else {
            return Ok(());
        };
        let others: Vec<&str> =
            self.telling().map(|(_, column)| column).filter(|name| *name != trial::WORKING).collect();
        let is_used =
            |row: &usize| self.text(trial::LAYOUT, *row) != PACKED && self.number(trial::LATENCY, *row).is_some();
        let used: Vec<usize> = (0..self.len()).filter(is_used).collect();
        let mut told = vec![None; self.len()];
        for alike in self.alike(&used, &others) {
            let distinct: BTreeSet<Option<u64>> = alike.iter().map(|row| working.get(*row)).collect();
            if distinct.len() > 1 {
                alike.iter().for_each(|row| told[*row] = working.get(*row));
            }
        }
        let column = UInt64Chunked::from_iter(told).with_name(trial::WORKING.into()).into_column();
        self.frame.with_column(column)?;
        Ok(())
    }

    /// Number of trials that several directories have other measurements of.
    #[must_use]
    pub const fn measured_again(&self) -> usize {
        self.measured_again
    }

    /// Number of trials.
    #[must_use]
    pub fn len(&self) -> usize {
        self.frame.height()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Number of trials that failed, which are not here.
    #[must_use]
    pub const fn failed(&self) -> usize {
        self.failed
    }

    /// Where the row of a trial is.
    #[must_use]
    pub fn directory(&self, row: usize) -> &Path {
        let number = self.number(DIRECTORY, row).unwrap_or_default() as usize;
        self.directories.get(number).map_or(Path::new(""), PathBuf::as_path)
    }

    /// A cell as text; empty where the table has no such column.
    #[must_use]
    pub fn text(&self, column: &str, row: usize) -> String {
        table::text(&self.frame, column, row)
    }

    /// A cell as a number.
    #[must_use]
    pub fn number(&self, column: &str, row: usize) -> Option<f64> {
        table::number(&self.frame, column, row)
    }

    /// Those of some rows that agree in some columns, in the order of the first ones.
    #[must_use]
    pub fn alike(&self, among: &[usize], columns: &[&str]) -> Vec<Vec<usize>> {
        let known: Vec<&str> = columns.iter().copied().filter(|name| self.frame.column(name).is_ok()).collect();
        let found = self.frame.select(known).and_then(|frame| alike(&rows_at(&frame, among)?, columns));
        let rows = |places: Vec<usize>| places.into_iter().map(|place| among[place]).collect();
        found.unwrap_or_default().into_iter().map(rows).collect()
    }

    /// Whether a trial is of images that were held out from a training, of which nothing is shown.
    #[must_use]
    pub fn is_held_out(&self, row: usize) -> bool {
        self.text(trial::IMAGES_OF, row) == ImageSet::Validation.as_str()
    }

    /// Whether the weights of a trial were trained: an accuracy of others means nothing.
    #[must_use]
    pub fn is_trained(&self, row: usize) -> bool {
        self.text(trial::WEIGHTS, row) != "random"
    }

    /// The settings by which configurations differ, those that are there.
    #[must_use]
    pub fn settings(&self) -> &[&'static str] {
        &self.settings
    }

    /// The columns by which configurations are told apart, by the name of the setting that each is about.
    pub fn telling(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let named = [trial::NETWORK, trial::WIDTH, trial::DATASET, trial::ACTIVATION];
        let others = self.settings.iter().copied().filter(move |name| !named.contains(name)).map(|name| (name, name));
        named.map(|name| (name, name)).into_iter().chain([(trial::MODEL, RECIPE)]).chain(others)
    }
}

/// Of the trials of several tables, copies of each other or not, the attempt each that came to its end, of several the one that ended last,
/// whatever its number is in its own table; and the number of trials that were measured several times.
fn last(tables: &[DataFrame]) -> PolarsResult<(DataFrame, usize)> {
    if tables.is_empty() {
        return Ok((DataFrame::default(), 0));
    }
    let all = concat_df_diagonal(tables)?;
    let rank = |row: usize| {
        let (is_ok, attempt) = attempt_rank(&all, row);
        (is_ok, table::text(&all, trial::ENDED, row), attempt)
    };
    let trials = alike(&all, &[trial::ID])?;
    let again = trials.iter().filter(|rows| rows.iter().any(|row| rank(*row) != rank(rows[0]))).count();
    // Of equal ones the first.
    let mut last: Vec<usize> =
        trials.iter().filter_map(|rows| rows.iter().rev().copied().max_by_key(|row| rank(*row))).collect();
    last.sort_unstable();
    Ok((rows_at(&all, &last)?, again))
}

/// The trials that came to their end.
fn ended(trials: &DataFrame) -> PolarsResult<DataFrame> {
    if trials.width() == 0 {
        Ok(DataFrame::default())
    } else {
        trials.filter(&trials.column(trial::STATUS)?.str()?.equal("ok"))
    }
}

/// Empties the settings of what is off, or as it was before one could choose, since tables of earlier versions do not have them; but an
/// empty batch is filled in.
pub(super) fn switch_off(frame: &mut DataFrame) -> PolarsResult<()> {
    if let Ok(members) = frame.column(trial::ENSEMBLE).and_then(|column| column.u64()) {
        let several = members.apply(|members| members.filter(|members| *members != 1)).into_column();
        frame.with_column(several)?;
    }
    fill_batches(frame)?;
    let off = [
        (trial::PROCESSES, Processes::One.as_str()),
        (trial::RING_SWITCHING, RingSwitching::None.as_str()),
        (TrialRow::shortcut.name, Shortcut::default().as_str()),
        (TrialRow::pool.name, Pool::default().as_str()),
    ];
    for (name, off) in off {
        keep_words(frame, name, |_, word| word != off)?;
    }
    let on: Vec<bool> = (0..frame.height()).map(|row| table::number(frame, trial::CLUSTERS, row).is_some()).collect();
    for name in [trial::CLUSTER_MODE, trial::CLUSTER_METHOD] {
        keep_words(frame, name, |row, _| on[row])?;
    }
    Ok(())
}

/// Says of every batch what its layout makes of an empty cell: one image, in the tiled layout as many as there is room for; in
/// the clear there is no batch.
fn fill_batches(frame: &mut DataFrame) -> PolarsResult<()> {
    const TILED: &str = LayoutKind::Tiled.as_str();
    if frame.column(trial::LAYOUT).is_err() {
        return Ok(());
    }
    let batch = |row| match (table::text(frame, trial::BATCH, row), table::text(frame, trial::LAYOUT, row).as_str()) {
        (unset, "") if unset.is_empty() => unset,
        (unset, TILED) if unset.is_empty() => FULL_BATCH.to_owned(),
        (unset, _) if unset.is_empty() => "1".to_owned(),
        (images, _) => images,
    };
    let batches: Vec<String> = (0..frame.height()).map(batch).collect();
    frame.with_column(Column::new(trial::BATCH.into(), batches))?;
    Ok(())
}

/// Empties the cells of a column of words that `keep`, given the row and the word, does not hold.
fn keep_words(frame: &mut DataFrame, name: &str, keep: impl Fn(usize, &str) -> bool) -> PolarsResult<()> {
    if let Ok(words) = frame.column(name).and_then(|column| column.str()) {
        let kept = words.iter().enumerate().map(|(row, word)| word.filter(|word| keep(row, word)));
        let kept = StringChunked::from_iter(kept).with_name(name.into()).into_column();
        frame.with_column(kept)?;
    }
    Ok(())
}

/// Makes the columns that tell networks apart.
fn name_networks(frame: &mut DataFrame) -> PolarsResult<()> {
    let cells = |name: &str| (0..frame.height()).map(|row| table::text(frame, name, row)).collect::<Vec<_>>();
    let [models, sha256, recipes] = [trial::MODEL, trial::MODEL_SHA256, trial::RECIPE_SHA256].map(cells);
    let [network, width, dataset, activation] =
        [trial::NETWORK, trial::WIDTH, trial::DATASET, trial::ACTIVATION].map(cells);
    let columns = models.iter().zip(&sha256).zip(&recipes);
    let networks = Networks::of(columns.map(|((names, sha256), recipes)| (&**names, &**sha256, &**recipes)));
    let members: Vec<Vec<Named>> =
        models.iter().zip(&sha256).map(|(names, sha256)| Named::members(names, sha256)).collect();
    let first_names = FirstNames::of(members.iter().flatten());
    let (mut labels, mut recipes, mut variants) = (Vec::new(), Vec::new(), Vec::new());
    for (row, members) in members.iter().enumerate() {
        let members: Vec<Named> = members.iter().map(|member| first_names.named(member)).collect();
        labels.push(members.iter().map(|member| networks.label(member)).collect::<Vec<_>>().join(" "));
        let distinct: BTreeSet<String> = members.iter().map(|member| networks.recipe(member)).collect();
        let known = format!("{}_w{}_{}_", network[row], width[row], dataset[row]);
        variants.push(variant(&distinct, &known, &activation[row]));
        recipes.push(distinct.into_iter().collect::<Vec<_>>().join(" "));
    }
    for (name, texts) in [(LABEL, labels), (RECIPE, recipes), (VARIANT, variants)] {
        frame.with_column(Column::new(name.into(), texts))?;
    }
    Ok(())
}

/// The name under which each file of weights is met first: a copy under another name is no other network.
#[derive(Debug, Default)]
struct FirstNames<'n> {
    /// Names by hash.
    names: HashMap<&'n str, &'n str>,
    /// Hashes by name.
    hashes: HashMap<&'n str, BTreeSet<&'n str>>,
}

impl<'n> FirstNames<'n> {
    fn of(networks: impl Iterator<Item = &'n Named>) -> Self {
        let mut known = Self::default();
        for Named { name, sha256 } in networks.filter(|network| !network.sha256.is_empty()) {
            known.names.entry(sha256.as_str()).or_insert(name.as_str());
            known.hashes.entry(name.as_str()).or_default().insert(sha256.as_str());
        }
        known
    }

    /// A network by that name; one without a hash is the one of its name, if there is one alone.
    fn named(&self, network: &Named) -> Named {
        let alone = |hashes: &BTreeSet<&'n str>| if hashes.len() == 1 { hashes.first().copied() } else { None };
        let sha256 = match network.sha256.as_str() {
            "" => self.hashes.get(network.name.as_str()).and_then(alone),
            known => Some(known),
        };
        let first = sha256.and_then(|sha256| self.names.get(sha256)).copied();
        Named { name: first.unwrap_or(&network.name).to_owned(), ..network.clone() }
    }
}

/// What the recipes of weights say beyond what is `known`, the activation and the seed: `distilled`; empty: nothing.
fn variant(recipes: &BTreeSet<String>, known: &str, activation: &str) -> String {
    // A recipe may call its activation otherwise than the card: `penalty` is one way to a quadratic.
    let told = |name| match str::strip_prefix(name, known) {
        Some(rest) => rest.strip_prefix(activation).unwrap_or(rest).trim_start_matches('_'),
        None => name,
    };
    let rest: Vec<&str> = recipes.iter().map(|recipe| told(recipe)).collect();
    if rest.iter().all(|rest| rest.is_empty()) {
        return String::new();
    }
    rest.iter().map(|rest| if rest.is_empty() { "plain" } else { rest }).collect::<Vec<_>>().join(" + ")
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A directory with these files.
    pub(crate) fn directory(files: &[(&str, &str)]) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        files.iter().for_each(|(name, text)| std::fs::write(directory.path().join(name), text).unwrap());
        directory
    }

    /// Trials from a CSV text.
    pub(crate) fn rows(csv: &str) -> Rows {
        let directory = directory(&[("trials.csv", csv)]);
        Rows::read(&[directory.path().to_owned()]).unwrap()
    }

    #[test]
    fn directories_with_other_columns_are_one_table() {
        let one = directory(&[("trials.csv", "trial_id,status,log_n\na,ok,15\nb,failed,\n")]);
        let two = directory(&[("trials.csv", "trial_id,status,clusters\nc,ok,none\nd,ok,64\n")]);
        let rows = Rows::read(&[one.path().to_owned(), two.path().to_owned()]).unwrap();
        assert_eq!((rows.len(), rows.failed()), (3, 1));
        assert_eq!((rows.number("log_n", 0), rows.number("log_n", 1)), (Some(15.0), None));
        assert_eq!(
            ["clusters"; 3].into_iter().zip(0..).map(|(name, row)| rows.text(name, row)).collect::<Vec<_>>(),
            ["", "", "64"]
        );
        assert_eq!(rows.directory(2), two.path());
        assert_eq!(rows.text("absent", 0), "");
    }

    #[test]
    fn settings_that_older_tables_lack_are_as_by_default() {
        let one = directory(&[("trials.csv", "trial_id,status,log_n\na,ok,15\nb,failed,\n")]);
        let three =
            directory(&[("trials.csv", "trial_id,status,pool,shortcut\ne,ok,standard,projection\nf,ok,global,pad\n")]);
        let rows = Rows::read(&[one.path().to_owned(), three.path().to_owned()]).unwrap();
        let settings = |row| ["pool", "shortcut"].map(|name| rows.text(name, row));
        assert_eq!([0, 1].map(settings), [["", ""], ["", ""]].map(|it| it.map(str::to_owned)));
        assert_eq!(settings(2), ["global", "pad"]);
    }

    #[test]
    fn copies_of_a_trial_count_once() {
        let header = "trial_id,attempt,status,ended,latency_seconds_median\n";
        let text = format!("{header}a,1,ok,2026-01-01T00:00:00Z,22.8\nb,1,failed,2026-01-01T00:00:00Z,\n");
        let [one, two] = [(); 2].map(|()| directory(&[("trials.csv", &text)]));
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
        // The number of an attempt counts within its table alone.
        let old = "a,3,ok,2025-01-01T00:00:00Z,99\n";
        std::fs::write(one.path().join("trials.csv"), format!("{header}{old}")).unwrap();
        assert_eq!(Rows::read(&directories).unwrap().number("latency_seconds_median", 0), Some(30.0));
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
        let labels = [0, 1, 2].map(|row| rows.text(LABEL, row));
        assert_eq!(labels, ["model@11111111", "model@22222222", "model@22222222"], "a copy is no other network");
        assert_eq!([0, 1].map(|row| rows.text(VARIANT, row)), ["model@11111111", "model@22222222"]);
        let recipe = rows.telling().find(|(name, _)| *name == trial::MODEL).unwrap().1;
        assert_ne!(rows.text(recipe, 0), rows.text(recipe, 1));
    }

    #[test]
    fn a_file_of_weights_has_its_first_name_also_where_its_hash_is_not_known() {
        let rows = rows(
            "trial_id,status,model,model_sha256\n\
             a,ok,x_seed0,11\nb,ok,copy.safetensors,11\nc,ok,copy,\nd,ok,x_seed0 copy,11 11\ne,ok,y,\n",
        );
        let labels = [0, 1, 2, 3, 4].map(|row| rows.text(LABEL, row));
        assert_eq!(labels, ["x_seed0", "x_seed0", "x_seed0", "x_seed0 x_seed0", "y"]);
        assert_eq!([0, 1, 2, 3, 4].map(|row| rows.text(RECIPE, row)), ["x", "x", "x", "x", "y"]);
    }

    #[test]
    fn an_empty_batch_is_what_its_layout_makes_of_it() {
        let header = "trial_id,status,layout";
        let rows = rows(&format!("{header},batch\na,ok,packed,\nb,ok,tiled,\nc,ok,channel,8\nd,ok,,\ne,ok,packed,1\n"));
        assert_eq!([0, 1, 2, 3, 4].map(|row| rows.text(trial::BATCH, row)), ["1", FULL_BATCH, "8", "", "1"]);
        let older = super::tests::rows(&format!("{header}\na,ok,packed\n"));
        assert_eq!(older.text(trial::BATCH, 0), "1");
    }

    #[test]
    fn a_seed_is_no_recipe() {
        let rows = rows(
            "trial_id,status,model\na,ok,r20_seed3.safetensors\nb,ok,r20_seeds.safetensors\nc,ok,r20_seed0.safetensors r20_seed1.safetensors\n",
        );
        assert_eq!((rows.text(RECIPE, 0), rows.text(RECIPE, 1)), ("r20".into(), "r20_seeds".into()));
        assert_eq!(rows.text(VARIANT, 0), "r20");
        assert_eq!(rows.text(RECIPE, 2), "r20");
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
