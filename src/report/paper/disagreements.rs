//! The encrypted images whose class is not that of clear text, one by one.

use super::cell::Cell;
use super::table::PaperTable;
use crate::dataset::DatasetName;
use crate::experiment::records::ImageRow;
use crate::experiment::setting::Backend;
use crate::report::columns::{image, trial};
use crate::report::row_tables::RowTables;
use crate::report::rows::{LABEL, Rows};
use crate::report::words;

/// The table, or why there is none.
///
/// # Errors
/// No encrypted image of trained weights disagrees with clear text, or none is there.
pub fn table(rows: &Rows) -> Result<PaperTable, String> {
    let mut table = PaperTable::new("disagreements", "Encrypted images with another class than in the clear");
    table.texts("trial", "trial");
    table.texts("weights", "weights");
    table.texts("dataset", "data set");
    table.numbers("image", "image");
    for (name, title) in [("label", "label"), ("clear_predicted", "in the clear"), ("predicted", "encrypted")] {
        table.texts(name, title);
    }
    table.numbers("margin", "margin");
    table.numbers("logit_error_max", "logit error, largest");
    let encrypted = |row: &usize| rows.text(trial::BACKEND, *row) == Backend::Encrypted.as_str();
    let (tables, mut compared) = (RowTables::<ImageRow>::default(), 0);
    let shown = |row: &usize| rows.is_trained(*row) && !rows.is_held_out(*row);
    for row in (0..rows.len()).filter(shown).filter(encrypted) {
        let Ok(images) = tables.of(rows, row) else { continue };
        compared += images.len();
        let text = |name: &str| images.text_or_empty(name);
        let (agreement, overflow) = (text(image::AGREEMENT), text(image::OVERFLOW));
        let numbers = |name: &str| images.numbers(name).unwrap_or_default();
        let columns = [image::IMAGE, image::LABEL, image::CLEAR, image::PREDICTED].map(numbers);
        let [margins, errors] = [image::MARGIN, image::LARGEST_ERROR].map(numbers);
        let names = rows.text(trial::DATASET, row).parse::<DatasetName>().map(DatasetName::class_names);
        let class = |number: Option<f64>| {
            let known = names.as_ref().ok().zip(number).and_then(|(names, number)| names.get(number as usize));
            known.map_or_else(|| Cell::whole(number), |name| Cell::text(*name))
        };
        for at in (0..images.len()).filter(|at| agreement[*at] == "false" && overflow[*at] == "false") {
            let [number, label, clear, predicted] = columns.each_ref().map(|column| column.get(at).copied().flatten());
            table.rows.push(vec![
                Cell::text(rows.text(trial::ID, row)),
                Cell::text(rows.text(LABEL, row)),
                Cell::text(words::dataset(&rows.text(trial::DATASET, row))),
                Cell::whole(number),
                class(label),
                class(clear),
                class(predicted),
                Cell::number(margins.get(at).copied().flatten(), 2),
                Cell::number(errors.get(at).copied().flatten(), 2),
            ]);
        }
    }
    match (table.rows.len(), compared) {
        (0, 0) => Err("no image of trained weights is encrypted".to_owned()),
        (0, images) => Err(format!("all {images} encrypted images have the class of clear text, or overflow")),
        (others, images) => {
            table.notes.push(format!(
                "{others} of {images} encrypted images; the others have the class of clear text, or overflow. The margin is the distance of the two \
                 largest logits in the clear."
            ));
            Ok(table)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::directory;

    #[test]
    fn images_that_disagree_are_listed_with_their_margins() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        let read = || table(&Rows::read(&[directory.path().to_owned()]).unwrap());
        let trials = "trial_id,attempt,status,network,dataset,backend,weights,images\n";
        write(
            "trials.csv",
            &format!("{trials}a,2,ok,resnet20,cifar10,encrypted,trained,4\nb,1,ok,resnet20,cifar10,clear,trained,1\n"),
        );
        let images =
            "trial_id,attempt,image,label,predicted,clear_predicted,margin,agreement,logit_error_max,overflow\n";
        // One that agrees, one that does not, one that overflows; one of an earlier attempt, one of the clear back end.
        let rest = "a,2,0,3,3,3,2.5,true,0.01,false\na,2,1,3,5,3,0.0051,false,0.02,false\na,2,2,1,,1,3,false,,true\n";
        write("images.csv", &format!("{images}{rest}a,1,7,3,5,3,1,false,1,false\nb,1,0,3,5,3,1,false,1,false\n"));
        let found = read().unwrap();
        assert_eq!(found.rows.len(), 1);
        let shown: Vec<String> = found.rows[0].iter().map(|cell| cell.shown("")).collect();
        assert_eq!(shown[3..], ["1", "cat", "cat", "dog", "0.0051", "0.020"]);
        assert!(found.notes[0].starts_with("1 of 3 encrypted images"), "{}", found.notes[0]);
        write("images.csv", &format!("{images}a,2,0,3,3,3,2.5,true,0.01,false\n"));
        assert_eq!(read().unwrap_err(), "all 1 encrypted images have the class of clear text, or overflow");
    }

    #[test]
    fn held_out_images_are_not_listed() {
        let trials = "trial_id,attempt,status,backend,images_of,weights\na,1,ok,encrypted,validation,trained\n";
        let images = "trial_id,attempt,image,label,predicted,clear_predicted,margin,agreement,overflow\n\
            a,1,0,3,5,3,0.0051,false,false\n";
        let directory = directory(&[("trials.csv", trials), ("images.csv", images)]);
        let rows = Rows::read(&[directory.path().to_owned()]).unwrap();
        assert_eq!(table(&rows).unwrap_err(), "no image of trained weights is encrypted");
    }
}
