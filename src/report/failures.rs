//! How likely the answers of a configuration are to fail, from its rows of images (formulas: `docs/noise.md`).

use super::columns::{image, trial};
use super::groups::Group;
use super::row_tables::RowTables;
use super::rows::Rows;
use super::spread::Spread;
use crate::dataset::DatasetName;
use crate::experiment::evaluate::wilson;
use crate::experiment::records::ImageRow;
use crate::experiment::setting::Backend;
use crate::inference::failure::wrong_class;

/// The median of |x| for a standard normal x.
const MEDIAN_OF_MAGNITUDES: f64 = 0.674_489_750_196_081_7;

/// The mean over images of the largest probability of another class than in the clear that an image's margin allows, for normal errors with
/// the median magnitude of the image's logits; none: no image has a margin.
pub fn wrong_class_probability(rows: &Rows, group: &Group, images: &RowTables<ImageRow>) -> Option<f64> {
    let mut probabilities = Vec::new();
    for row in group.rows.iter().copied().filter(|row| !rows.is_held_out(*row)) {
        let Ok(dataset) = rows.text(trial::DATASET, row).parse::<DatasetName>() else { continue };
        let Ok(images) = images.of(rows, row) else { continue };
        let column = |name| images.numbers(name).unwrap_or_default().into_iter();
        let known = column(image::MARGIN).zip(column(image::ERROR)).filter_map(|(margin, error)| margin.zip(error));
        probabilities
            .extend(known.map(|(margin, error)| {
                wrong_class(&vec![margin; dataset.classes() - 1], error / MEDIAN_OF_MAGNITUDES)
            }));
    }
    Some(Spread::of(&probabilities)?.mean)
}

/// The upper end of the 95 % Wilson interval of the share of images that overflow the modulus, in the trial with most images; in the clear
/// there is none.
#[must_use]
pub fn overflow(rows: &Rows, group: &Group) -> Option<f64> {
    let has_modulus =
        |row: &&usize| rows.text(trial::BACKEND, **row) != Backend::Clear.as_str() && !rows.is_held_out(**row);
    let counts = group.rows.iter().filter(has_modulus).filter_map(|row| {
        Some((rows.number(trial::IMAGES, *row)? as usize, rows.number(trial::OVERFLOWS, *row)? as usize))
    });
    let (images, overflows) = counts.max()?;
    Some(wilson(overflows, images)?.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::groups::{By, groups};

    #[test]
    fn probabilities_follow_from_the_rows() {
        let directory = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(directory.path().join(name), text).unwrap();
        write(
            "trials.csv",
            "trial_id,attempt,status,network,dataset,backend,images_of,images,overflow_images\n\
             a,2,ok,resnet20,cifar10,simulated,test,4,1\nb,1,ok,resnet20,cifar10,clear,test,10000,3\n\
             c,1,ok,resnet20,cifar10,simulated,validation,5000,9\n",
        );
        // An attempt that failed, one image far from its border, one on it, one that overflowed.
        write(
            "images.csv",
            "trial_id,attempt,image,margin,logit_error_median\na,1,0,0,1\nb,2,0,0,1\na,2,0,5,0.01\na,2,1,0,0.01\na,2,2,1,\n",
        );
        let rows = Rows::read(&[directory.path().to_owned()]).unwrap();
        let groups = groups(&rows, By::Answer, &[], |_| true);
        let probability = wrong_class_probability(&rows, &groups[0], &RowTables::default()).unwrap();
        assert!((probability - 0.45).abs() < 1e-9, "{probability}");
        let overflow = overflow(&rows, &groups[0]).unwrap();
        assert!((overflow - wilson(1, 4).unwrap().1).abs() < 1e-12 && overflow > 0.6, "{overflow}");
        std::fs::remove_file(directory.path().join("images.csv")).unwrap();
        assert_eq!(wrong_class_probability(&rows, &groups[0], &RowTables::default()), None);
    }
}
