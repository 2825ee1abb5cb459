//! Accuracies in the clear: rows of `accuracy.csv`, which `leveled evaluate` wrote before it wrote trials, as trials that were never
//! encrypted.

use std::collections::HashMap;
use std::path::Path;

use polars::functions::concat_df_diagonal;
use polars::prelude::*;

use super::ReportError;
use super::columns::{CLEAR, ENCRYPTED, SIMULATED, trial};
use super::table::{Table, alike, rows_at, text};
use crate::experiment::accuracy_provenance::AccuracyProvenance;
use crate::experiment::evaluate::wilson;
use crate::experiment::records::{AccuracyRow, ImageSet, Record, TrialRow};
use crate::experiment::setting::{
    ActivationForm, ClusterAlgorithm, DrawSeed, NetworkForm, NodeFusing, Setting, WeightsOrigin,
};

/// Column of the seed of a clustering.
const CLUSTER_SEED: &str = TrialRow::cluster_seed.name;

/// Columns that mean the same under another name.
const RENAMED: [(&str, &str); 12] = [
    ("models", trial::MODEL),
    ("network", trial::NETWORK),
    ("width", trial::WIDTH),
    ("dataset", trial::DATASET),
    ("activation", trial::ACTIVATION),
    ("members", trial::ENSEMBLE),
    ("cluster_mode", trial::CLUSTER_MODE),
    ("clusters", trial::CLUSTERS),
    (CLUSTER_SEED, CLUSTER_SEED),
    ("recipe_sha256", trial::RECIPE_SHA256),
    ("epochs", trial::EPOCHS),
    ("exploding_images", trial::OVERFLOWS),
];

/// So many of them every version has; they say what a row is of.
const OLD: usize = 9;

/// What a row is of besides [`RENAMED`] and its network: rows that agree in all of it are one measurement.
const FURTHER: [&str; 4] = ["form", "images", "card_sha256", "dataset_sha256"];

/// The rows of the table in a directory as trials: of the test images only, the accuracy `as trained` apart from that after folding.
///
/// # Errors
/// As [`Table::read`].
pub fn read(directory: &Path) -> Result<DataFrame, ReportError> {
    let table = Table::read::<AccuracyRow>(directory)?.rows_where("images_of", "test")?;
    let hashes = hashes(&table, directory)?;
    let wrong = |error: PolarsError| ReportError::Compute { what: AccuracyRow::FILE, reason: error.to_string() };
    let needed = RENAMED[..OLD].iter().map(|(name, _)| *name).chain(["form", "images", "correct"]);
    needed.into_iter().try_for_each(|name| table.column(name).map(|_| ()))?;
    trials(&table, hashes).map_err(wrong)
}

fn trials(table: &Table, hashes: Vec<String>) -> PolarsResult<DataFrame> {
    let names = RENAMED.iter().map(|(name, _)| *name).chain(FURTHER).chain(["correct"]);
    let mut trials = table.frame().select(names.filter(|name| table.column(name).is_ok()))?;
    for (name, trial_name) in RENAMED.iter().filter(|(name, _)| table.column(name).is_ok()) {
        trials.rename(name, (*trial_name).into())?;
    }
    trials.with_column(Column::new(trial::MODEL_SHA256.into(), hashes))?;
    fill_defaults(&mut trials)?;
    let images = trials.column("images")?.u64()?.clone();
    let correct = trials.drop_in_place("correct")?.u64()?.clone();
    let trained = trials.column("form")?.str()?.equal("trained");
    // A cell of the rows that are as trained, or of the others.
    let of = |name: &str, of_trained: bool, value: &dyn Fn(usize, usize) -> Option<f64>| {
        let cells = correct.iter().zip(images.iter()).zip(trained.iter()).map(|((correct, images), trained)| {
            if trained == Some(of_trained) { value(correct? as usize, images? as usize) } else { None }
        });
        Column::new(name.into(), cells.collect::<Vec<_>>())
    };
    let share = |correct: usize, images: usize| (images > 0).then(|| correct as f64 / images as f64);
    let all = |_, images: usize| Some(images as f64);
    for column in [
        of(trial::CARD_ACCURACY, true, &share),
        of(trial::CARD_IMAGES, true, &all).cast(&DataType::UInt64)?,
        of(CLEAR.share, false, &share),
        of(CLEAR.low, false, &|correct, images| wilson(correct, images).map(|(low, _)| low)),
        of(CLEAR.high, false, &|correct, images| wilson(correct, images).map(|(_, high)| high)),
        of(CLEAR.images, false, &all).cast(&DataType::UInt64)?,
    ] {
        trials.with_column(column)?;
    }
    Ok(trials)
}

/// Gives the settings that nobody could choose then the values that rows of trials have where nobody chooses: they tell
/// configurations and repetitions apart.
fn fill_defaults(trials: &mut DataFrame) -> PolarsResult<()> {
    let height = trials.height();
    let seed = DrawSeed::default().0;
    let cluster_seeds = trials.column(CLUSTER_SEED)?.u64()?.apply(|chosen| chosen.or(Some(seed))).into_column();
    let words = [
        (trial::WEIGHTS, WeightsOrigin::default().as_str()),
        (trial::ACTIVATION_FORM, ActivationForm::default().as_str()),
        (trial::CLUSTER_METHOD, ClusterAlgorithm::default().as_str()),
    ];
    let fused = NodeFusing::default_value().map(|fused| fused.0);
    let words = words.map(|(name, word)| Column::new(name.into(), vec![word; height]));
    let others = [
        cluster_seeds,
        Column::new(trial::NODE_FUSING.into(), vec![fused; height]),
        Column::new(TrialRow::weights_seed.name.into(), vec![seed; height]),
    ];
    words.into_iter().chain(others).try_for_each(|column| trials.with_column(column).map(|_| ()))
}

/// The rows of several directories, each measurement once. Names do not make a network another one where its hash is known.
///
/// # Errors
/// What polars says.
pub fn distinct(tables: &[DataFrame]) -> PolarsResult<DataFrame> {
    const NETWORK_FILE: &str = "network_file";
    let mut all = concat_df_diagonal(tables)?;
    let file = |row| match text(&all, trial::MODEL_SHA256, row) {
        hash if hash.is_empty() => text(&all, trial::MODEL, row),
        hash => hash,
    };
    let files: Vec<String> = (0..all.height()).map(file).collect();
    all.with_column(Column::new(NETWORK_FILE.into(), files))?;
    let what = RENAMED[1..OLD].iter().map(|(_, name)| *name).chain(FURTHER).chain([NETWORK_FILE]);
    let rows: Vec<usize> = alike(&all, &what.collect::<Vec<_>>())?.into_iter().map(|same| same[0]).collect();
    let passing = [NETWORK_FILE].into_iter().chain(FURTHER);
    rows_at(&all, &rows).map(|all| all.drop_many(passing))
}

/// In rows of `trials.csv` that were evaluated in the clear, sets the accuracy as trained apart from that of the lowered network; one on
/// images that were held out from a training is none to show.
///
/// # Errors
/// What polars says.
pub fn set_apart(mut trials: DataFrame) -> PolarsResult<DataFrame> {
    let is = |column: &str, value: &str| -> Vec<bool> {
        (0..trials.height()).map(|row| text(&trials, column, row) == value).collect()
    };
    let held_out = is(trial::IMAGES_OF, ImageSet::Validation.as_str());
    let trained = is(TrialRow::network_form.name, NetworkForm::Trained.as_str());
    let shown = [CLEAR, SIMULATED, ENCRYPTED].into_iter().flat_map(|it| [it.share, it.images, it.low, it.high]);
    for clear in shown {
        let as_trained = [(CLEAR.share, trial::CARD_ACCURACY), (CLEAR.images, trial::CARD_IMAGES)];
        let as_trained = as_trained.into_iter().find(|(column, _)| *column == clear).map(|(_, name)| name);
        let Ok(found) = trials.column(clear).map(|column| column.as_materialized_series().clone()) else { continue };
        let nothing = Series::full_null(clear.into(), found.len(), found.dtype());
        let only = |wanted: &dyn Fn(usize) -> bool| -> BooleanChunked {
            (0..found.len()).map(|row| Some(wanted(row) && !held_out[row])).collect()
        };
        let lowered = found.zip_with(&only(&|row| !trained[row]), &nothing)?;
        trials.with_column(lowered.into_column())?;
        if let Some(name) = as_trained {
            let before = match trials.column(name) {
                Ok(column) => column.as_materialized_series().cast(found.dtype())?,
                Err(_) => nothing,
            };
            let moved = found.zip_with(&only(&|row| trained[row]), &before)?;
            trials.with_column(moved.with_name(name.into()).into_column())?;
        }
    }
    Ok(trials)
}

/// The hashes of the weights of every row. Tables of earlier versions do not have them, but what is beside them may.
fn hashes(table: &Table, directory: &Path) -> Result<Vec<String>, ReportError> {
    let sessions = AccuracyProvenance::read(directory).unwrap_or_default();
    let known: HashMap<&String, &String> = sessions.iter().flat_map(|session| &session.weights_sha256).collect();
    let of_names = |names: &String| {
        let hashes: Option<Vec<&str>> =
            names.split('+').map(|name| Some(known.get(&name.to_owned())?.as_str())).collect();
        hashes.map_or_else(String::new, |hashes| hashes.join(" "))
    };
    let recorded = table.text_or_empty("model_sha256");
    let names = table.text("models")?;
    let hash = |(recorded, names): (String, &String)| if recorded.is_empty() { of_names(names) } else { recorded };
    Ok(recorded.into_iter().zip(&names).map(hash).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::groups::{By, groups};
    use crate::report::measures::accuracy;
    use crate::report::rows::Rows;
    use crate::report::rows::tests::directory;

    #[test]
    fn accuracies_in_the_clear_are_trials() {
        let directory = tempfile::tempdir().unwrap();
        let table = "models,members,network,width,dataset,activation,images_of,form,cluster_mode,clusters,cluster_seed,images,correct\n\
                    a_seed0,1,resnet20,16,cifar10,relu,test,trained,,,,100,91\n\
                    a_seed0,1,resnet20,16,cifar10,herpn,test,clustered,slice,64,1,100,88\n\
                    a_seed0,1,resnet20,16,cifar10,herpn,validation,folded,,,,100,88\n";
        std::fs::write(directory.path().join(AccuracyRow::FILE), table).unwrap();
        let read = read(directory.path()).unwrap();
        let rows = distinct(&[read.clone(), read]).unwrap();
        assert_eq!(rows.height(), 2, "a copy counts once");
        let column = |name: &str| [0, 1].map(|row| text(&rows, name, row));
        assert_eq!(column(trial::CARD_ACCURACY), ["0.91", ""]);
        assert_eq!(
            (column(CLEAR.share), column(trial::CLUSTERS)),
            (["", "0.88"].map(str::to_owned), ["", "64"].map(str::to_owned))
        );
        assert_eq!(column(CLEAR.images), ["", "100"]);
    }

    #[test]
    fn an_accuracy_in_the_clear_and_a_trial_of_the_same_network_are_one() {
        let accuracies = "models,members,network,width,dataset,activation,\
            images_of,form,cluster_mode,clusters,cluster_seed,images,correct\n\
            a_seed0,1,resnet20,16,cifar10,herpn,test,clustered,slice,64,0,100,88\n\
            a_seed0,1,resnet20,16,cifar10,herpn,test,folded,,,,100,90\n";
        let trials = "trial_id,status,network,width,dataset,activation,model,weights,weights_seed,ensemble,\
            clusters,cluster_mode,cluster_method,cluster_seed,activation_form,node_fusing,backend,images,\
            clear_accuracy,clear_accuracy_images\n\
            a,ok,resnet20,16,cifar10,herpn,a_seed0,trained,0,1,64,slice,lloyd,0,square,true,clear,100,0.88,100\n\
            b,ok,resnet20,16,cifar10,herpn,a_seed0,trained,0,1,,slice,lloyd,0,square,true,clear,100,0.9,100\n";
        let directory = directory(&[(AccuracyRow::FILE, accuracies), (TrialRow::FILE, trials)]);
        let rows = Rows::read(&[directory.path().to_owned()]).unwrap();
        let groups = groups(&rows, By::Network, &[], |_| true);
        assert_eq!(groups.iter().map(|group| group.rows.len()).collect::<Vec<_>>(), [2, 2]);
        for (group, percent) in groups.iter().zip([88.0, 90.0]) {
            let (spread, images) = accuracy(&rows, group, CLEAR).unwrap();
            assert!((spread.mean - percent).abs() < 1e-9 && (spread.count, images) == (1, 100), "{spread:?}");
        }
        assert_eq!(rows.text(trial::CLUSTER_METHOD, 1), "", "nothing is clustered");
    }

    #[test]
    fn trials_as_trained_are_apart_and_held_out_images_show_nothing() {
        let texts = |name: &str, cells: [&str; 3]| Column::new(name.into(), cells);
        let columns = vec![
            texts(TrialRow::network_form.name, ["trained", "lowered", "trained"]),
            texts(TrialRow::images_of.name, ["test", "test", "validation"]),
            Column::new(CLEAR.share.into(), [0.9, 0.8, 0.7]),
            Column::new(CLEAR.images.into(), [100_u64; 3]),
            Column::new(SIMULATED.share.into(), [0.95, 0.85, 0.75]),
            Column::new(ENCRYPTED.share.into(), [0.95, 0.85, 0.75]),
        ];
        let trials = set_apart(DataFrame::new(3, columns).unwrap()).unwrap();
        let column = |name: &str| [0, 1, 2].map(|row| text(&trials, name, row));
        assert_eq!(
            (column(CLEAR.share), column(CLEAR.images)),
            (["", "0.8", ""].map(str::to_owned), ["", "100", ""].map(str::to_owned))
        );
        assert_eq!(column(trial::CARD_ACCURACY), ["0.9", "", ""]);
        assert_eq!(column(trial::CARD_IMAGES), ["100", "", ""]);
        assert_eq!([column(SIMULATED.share), column(ENCRYPTED.share)].map(|cells| cells[2].clone()), ["", ""]);
        assert_eq!([column(SIMULATED.share), column(ENCRYPTED.share)].map(|cells| cells[1].clone()), ["0.85", "0.85"]);
    }
}
