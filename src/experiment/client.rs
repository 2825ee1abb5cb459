//! What a client encrypts, and what it decrypted, as files and tables.

use std::path::Path;

use super::ExperimentError;
use super::images::{index_problem, load};
use crate::dataset::{DatasetError, Image, VALUES, read_png, shipped_test_images};
use crate::parties::{Answer, ClientBundle};
use crate::user_file::read_text;

/// A largest pixel, where a text has pixels from 0 to 1.
const WHITE: f64 = 255.0;

/// Reads images and normalises them as a bundle says. A source is the index of a shipped image, a PNG file, a text with one image per
/// line (`.txt`: values from 0 to 1, channel-major), or a file or directory of the official CIFAR form.
///
/// # Errors
/// [`ExperimentError::Argument`] for an index that there is not, [`ExperimentError::Pixels`], [`ExperimentError::Read`],
/// [`ExperimentError::Dataset`].
pub fn images(bundle: &ClientBundle, sources: &[String]) -> Result<Vec<Vec<f64>>, ExperimentError> {
    let normalised = |image: &Image| bundle.normalisation.apply(image);
    let mut all = Vec::new();
    for source in sources {
        if let Ok(index) = source.parse::<usize>() {
            let shipped = shipped_test_images(bundle.dataset)?;
            if let Some(problem) = index_problem(bundle.dataset, shipped.len(), index) {
                return Err(ExperimentError::Argument { name: "IMAGES", problem });
            }
            all.push(normalised(&shipped.images[index]));
            continue;
        }
        let path = Path::new(source);
        let extension = path.extension().and_then(|extension| extension.to_str()).map(str::to_ascii_lowercase);
        match extension.as_deref() {
            Some("png") => all.push(normalised(&read_png(path)?)),
            Some("txt") => pixels(path, |values| all.push(bundle.normalisation.apply_to_values(values)))?,
            _ => match load(bundle.dataset, Some(path), None) {
                Err(DatasetError::OtherFormat { path, found, .. }) if path.is_file() => {
                    let problem = format!(
                        "`{}` is {found}; give a PNG of 32x32 pixels, a .txt with pixels from 0 to 1, a file of CIFAR's binary version, or the index \
                         of a shipped image",
                        path.display()
                    );
                    return Err(ExperimentError::Argument { name: "IMAGES", problem });
                }
                dataset => all.extend(dataset?.images.iter().map(normalised)),
            },
        }
    }
    Ok(all)
}

/// Reads pixels from a text, scaled to 0 to 255; each line goes to `image`.
fn pixels(path: &Path, mut image: impl FnMut(&[f64])) -> Result<(), ExperimentError> {
    let unreadable = |source| ExperimentError::Read { path: path.to_owned(), source };
    let mut values = Vec::with_capacity(VALUES);
    for (number, line) in read_text(path).map_err(unreadable)?.lines().enumerate() {
        let refuse = |problem| Err(ExperimentError::Pixels { path: path.to_owned(), line: number + 1, problem });
        values.clear();
        for word in line.split_whitespace() {
            match word.parse::<f64>() {
                Ok(value) if (0.0..=1.0).contains(&value) => values.push(value * WHITE),
                _ => return refuse(format!("{word:?} is no pixel; write numbers from 0 to 1")),
            }
        }
        match values.len() {
            VALUES => image(&values),
            0 => {}
            found => return refuse(format!("{found} values instead of {VALUES}; write one image a line")),
        }
    }
    Ok(())
}

/// Answers as a table (CSV): image, class and its name, digits that are left, logits. After an overflow there is neither class nor logit.
#[must_use]
pub fn answers_csv(bundle: &ClientBundle, answers: &[Answer]) -> String {
    let names = bundle.dataset.class_names();
    let logits: String = (0..names.len()).map(|class| format!(",logit_{class}")).collect();
    let mut text = format!("image,class,name,digits{logits}\n");
    for (image, Answer { class, logits, digits }) in answers.iter().enumerate() {
        let name = class.and_then(|class| names.get(class)).copied().unwrap_or_default();
        let class_text = class.map(|class| class.to_string()).unwrap_or_default();
        let digits_text = digits.map(|digits| digits.to_string()).unwrap_or_default();
        text += &format!("{image},{class_text},{name},{digits_text}");
        for logit in logits {
            text += &match (class, digits) {
                (None, _) => ",".to_owned(),
                (_, Some(digits)) => format!(",{logit:.*}", usize::try_from(*digits).unwrap_or(0)),
                (_, None) => format!(",{logit}"),
            };
        }
        text.push('\n');
    }
    text
}
