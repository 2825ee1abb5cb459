//! Rows of `accuracy.csv`, clear-text accuracies of whole test sets that `leveled evaluate` measures, as trials that were never encrypted.

use std::path::Path;

use super::ReportError;
use super::columns::{CLEAR, trial};
use super::table::Table;
use crate::experiment::evaluate::wilson;

/// File name of the table.
pub const FILE: &str = "accuracy.csv";

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

/// The columns of trials from the table in a directory: of the test images only, the accuracy `as trained` apart from that after
/// folding.
///
/// # Errors
/// As [`Table::read_file`].
pub fn read(directory: &Path) -> Result<Vec<(String, Vec<String>)>, ReportError> {
    let table = Table::read_file(directory, FILE)?.rows_where("images_of", "test")?;
    let mut columns: Vec<(String, Vec<String>)> = Vec::new();
    for (name, trial_name) in RENAMED {
        columns.push((trial_name.to_owned(), table.text(name)?));
    }
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
    columns.push((CLEAR.share.to_owned(), of(false, &share)));
    columns.push((CLEAR.low.to_owned(), of(false, &end(false))));
    columns.push((CLEAR.high.to_owned(), of(false, &end(true))));
    columns.push((CLEAR.images.to_owned(), of(false, &|_, images| Some(images as f64))));
    columns.push((trial::EPOCHS.to_owned(), table.text_or_empty("epochs")));
    columns.push((trial::OVERFLOWS.to_owned(), table.text_or_empty("exploding_images")));
    Ok(columns)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracies_in_the_clear_are_trials() {
        let directory = tempfile::tempdir().unwrap();
        let text = "models,members,network,width,dataset,activation,images_of,form,cluster_mode,clusters,cluster_seed,images,correct\n\
                    a_seed0,1,resnet20,16,cifar10,relu,test,trained,,,,100,91\n\
                    a_seed0,1,resnet20,16,cifar10,herpn,test,clustered,slice,64,1,100,88\n\
                    a_seed0,1,resnet20,16,cifar10,herpn,validation,folded,,,,100,88\n";
        std::fs::write(directory.path().join(FILE), text).unwrap();
        let columns = read(directory.path()).unwrap();
        let column = |name: &str| columns.iter().find(|(known, _)| known == name).unwrap().1.clone();
        assert_eq!(column(trial::CARD_ACCURACY), ["0.91", ""]);
        assert_eq!(
            (column(CLEAR.share), column(trial::CLUSTERS)),
            (vec![String::new(), "0.88".into()], vec![String::new(), "64".into()])
        );
        assert_eq!(column(CLEAR.images), ["", "100"]);
    }
}
