//! Accuracies in the clear: rows of `accuracy.csv`, which `leveled evaluate` wrote before it wrote trials, as trials that were never
//! encrypted.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::ReportError;
use super::columns::{CLEAR, trial};
use super::table::Table;
use crate::experiment::accuracy_provenance::AccuracyProvenance;
use crate::experiment::evaluate::wilson;
use crate::experiment::records::{AccuracyRow, Column, TrialRow};
use crate::experiment::setting::NetworkForm;

/// Columns that mean the same under another name.
const RENAMED: [(&str, &str); 9] = [
    ("models", trial::MODEL),
    ("network", trial::NETWORK),
    ("width", trial::WIDTH),
    ("dataset", trial::DATASET),
    ("activation", trial::ACTIVATION),
    ("members", trial::ENSEMBLE),
    ("cluster_mode", trial::CLUSTER_MODE),
    ("clusters", trial::CLUSTERS),
    ("cluster_seed", "cluster_seed"),
];

/// What a row is of besides [`RENAMED`]: rows that agree in all of it are one measurement.
const FURTHER: [&str; 4] = ["form", "images", "card_sha256", "dataset_sha256"];

/// The columns of trials from the table in a directory: of the test images only, the accuracy `as trained` apart from that after
/// folding. Rows that are `known` already are left out, the others noted there.
///
/// # Errors
/// As [`Table::read`].
pub fn read(directory: &Path, known: &mut HashSet<Vec<String>>) -> Result<Vec<(String, Vec<String>)>, ReportError> {
    let table = Table::read::<AccuracyRow>(directory)?.rows_where("images_of", "test")?;
    let hashes = hashes(&table, directory)?;
    let keys =
        RENAMED.iter().map(|(name, _)| table.text(name)).chain(FURTHER.map(|name| Ok(table.text_or_empty(name))));
    let mut keys = keys.collect::<Result<Vec<_>, _>>()?;
    // Names do not make a network another one where its hash is known.
    keys[0] =
        keys[0].iter().zip(&hashes).map(|(name, hash)| if hash.is_empty() { name } else { hash }.clone()).collect();
    let is_new = |row: &usize| known.insert(keys.iter().map(|column| column[*row].clone()).collect());
    let kept: Vec<usize> = (0..table.len()).filter(is_new).collect();
    let table = table.rows_at(&kept)?;
    let mut columns: Vec<(String, Vec<String>)> = Vec::new();
    for (name, trial_name) in RENAMED {
        columns.push((trial_name.to_owned(), table.text(name)?));
    }
    columns.push((trial::MODEL_SHA256.to_owned(), kept.iter().map(|row| hashes[*row].clone()).collect()));
    columns.push((trial::RECIPE_SHA256.to_owned(), table.text_or_empty("recipe_sha256")));
    let trained: Vec<bool> = table.text("form")?.iter().map(|form| form == "trained").collect();
    let (images, correct) = (table.numbers("images")?, table.numbers("correct")?);
    let counts: Vec<Option<(usize, usize)>> = correct
        .iter()
        .zip(&images)
        .map(|(correct, images)| Some(((*correct)? as usize, (*images)? as usize)))
        .collect();
    let of = |want_trained: bool, value: &dyn Fn(usize, usize) -> Option<f64>| {
        let cell = |(count, trained): (&Option<(usize, usize)>, &bool)| {
            let (correct, images) = count.filter(|_| *trained == want_trained)?;
            value(correct, images)
        };
        counts.iter().zip(&trained).map(|it| cell(it).map_or_else(String::new, |value| value.to_string())).collect()
    };
    let share = |correct: usize, images: usize| (images > 0).then(|| correct as f64 / images as f64);
    let end =
        |upper: bool| move |correct, images| wilson(correct, images).map(|(low, high)| if upper { high } else { low });
    columns.push((trial::CARD_ACCURACY.to_owned(), of(true, &share)));
    columns.push((trial::CARD_IMAGES.to_owned(), of(true, &|_, images| Some(images as f64))));
    columns.push((CLEAR.share.to_owned(), of(false, &share)));
    columns.push((CLEAR.low.to_owned(), of(false, &end(false))));
    columns.push((CLEAR.high.to_owned(), of(false, &end(true))));
    columns.push((CLEAR.images.to_owned(), of(false, &|_, images| Some(images as f64))));
    columns.push((trial::EPOCHS.to_owned(), table.text_or_empty("epochs")));
    columns.push((trial::OVERFLOWS.to_owned(), table.text_or_empty("exploding_images")));
    Ok(columns)
}

/// In rows of `trials.csv` that were evaluated in the clear, sets the accuracy as trained apart from that of the lowered network; one on
/// images that were held out from a training is none to show.
pub fn set_apart(columns: &mut Vec<(String, Vec<String>)>) {
    let place = |columns: &[(String, Vec<String>)], name: &str| columns.iter().position(|(known, _)| known == name);
    let cells = |name: Column| place(columns, name.name).map_or_else(Vec::new, |place| columns[place].1.clone());
    let forms = cells(TrialRow::network_form);
    let held_out: Vec<bool> = cells(TrialRow::images_of).iter().map(|images| images == "validation").collect();
    let is = |row: usize, form: NetworkForm| forms.get(row).is_some_and(|cell| cell == form.as_str());
    let rows = columns.first().map_or(0, |(_, cells)| cells.len());
    for (clear, as_trained) in [
        (CLEAR.share, Some(trial::CARD_ACCURACY)),
        (CLEAR.images, Some(trial::CARD_IMAGES)),
        (CLEAR.low, None),
        (CLEAR.high, None),
    ] {
        let Some(from) = place(columns, clear) else { continue };
        let to = as_trained.map(|name| {
            place(columns, name).unwrap_or_else(|| {
                columns.push((name.to_owned(), vec![String::new(); rows]));
                columns.len() - 1
            })
        });
        for row in 0..rows {
            if held_out.get(row) == Some(&true) {
                columns[from].1[row].clear();
            } else if is(row, NetworkForm::Trained) {
                let cell = std::mem::take(&mut columns[from].1[row]);
                if let Some(to) = to {
                    columns[to].1[row] = cell;
                }
            }
        }
    }
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
    use crate::experiment::records::Record;

    #[test]
    fn accuracies_in_the_clear_are_trials() {
        let directory = tempfile::tempdir().unwrap();
        let text = "models,members,network,width,dataset,activation,images_of,form,cluster_mode,clusters,cluster_seed,images,correct\n\
                    a_seed0,1,resnet20,16,cifar10,relu,test,trained,,,,100,91\n\
                    a_seed0,1,resnet20,16,cifar10,herpn,test,clustered,slice,64,1,100,88\n\
                    a_seed0,1,resnet20,16,cifar10,herpn,validation,folded,,,,100,88\n";
        std::fs::write(directory.path().join(AccuracyRow::FILE), text).unwrap();
        let mut known = HashSet::new();
        let columns = read(directory.path(), &mut known).unwrap();
        assert!(
            read(directory.path(), &mut known).unwrap().iter().all(|(_, cells)| cells.is_empty()),
            "a copy counts once"
        );
        let column = |name: &str| columns.iter().find(|(known, _)| known == name).unwrap().1.clone();
        assert_eq!(column(trial::CARD_ACCURACY), ["0.91", ""]);
        assert_eq!(
            (column(CLEAR.share), column(trial::CLUSTERS)),
            (vec![String::new(), "0.88".into()], vec![String::new(), "64".into()])
        );
        assert_eq!(column(CLEAR.images), ["", "100"]);
    }

    #[test]
    fn trials_as_trained_are_apart_and_held_out_images_show_nothing() {
        let cells = |texts: [&str; 3]| texts.map(str::to_owned).to_vec();
        let mut columns = vec![
            (TrialRow::network_form.name.to_owned(), cells(["trained", "lowered", "trained"])),
            (TrialRow::images_of.name.to_owned(), cells(["test", "test", "validation"])),
            (CLEAR.share.to_owned(), cells(["0.9", "0.8", "0.7"])),
            (CLEAR.images.to_owned(), cells(["100", "100", "100"])),
        ];
        set_apart(&mut columns);
        let column = |name: &str| columns.iter().find(|(known, _)| known == name).unwrap().1.clone();
        assert_eq!((column(CLEAR.share), column(CLEAR.images)), (cells(["", "0.8", ""]), cells(["", "100", ""])));
        assert_eq!(column(trial::CARD_ACCURACY), cells(["0.9", "", ""]));
        assert_eq!(column(trial::CARD_IMAGES), cells(["100", "", ""]));
    }
}
