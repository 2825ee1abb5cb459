//! What clear-text evaluation finds out about each image.

use super::element::Element;

/// An image explodes when an activation's input passes this magnitude, or when any of its values is not finite.
///
/// Activations of trained quadratic networks stay within tens; past this value each squaring only sends them further
/// away (method section 2, "Outliers"), so the count depends little on where the line is drawn.
pub const EXPLODING: f64 = 1e3;

/// Logits and largest activation inputs of many images.
#[derive(Debug, Clone, PartialEq)]
pub struct PlainOutput<T> {
    /// Names of the activations, in order.
    pub sites: Vec<String>,
    /// Number of classes.
    pub classes: usize,
    /// Row-major `[images, classes]`.
    pub logits: Vec<T>,
    /// Row-major `[images, sites]`: the largest magnitude of an activation's inputs, infinity if one is not finite.
    pub largest: Vec<T>,
}

impl<T: Element> PlainOutput<T> {
    /// Number of images.
    pub fn images(&self) -> usize {
        self.logits.len() / self.classes.max(1)
    }

    /// The logits of image `image`; empty past the end.
    pub fn logits_of(&self, image: usize) -> &[T] {
        row(&self.logits, self.classes, image)
    }

    /// The largest activation input of image `image` at each site; empty past the end.
    pub fn largest_of(&self, image: usize) -> &[T] {
        row(&self.largest, self.sites.len(), image)
    }

    /// The class of the largest logit, the first of equal ones; `None` if a logit is not a number.
    pub fn class(&self, image: usize) -> Option<usize> {
        let logits = self.logits_of(image);
        if logits.iter().any(|logit| logit.partial_cmp(logit).is_none()) {
            return None;
        }
        (0..logits.len()).reduce(|best, next| if logits[next] > logits[best] { next } else { best })
    }

    /// How many images have the class that `labels` says.
    pub fn correct(&self, labels: &[u8]) -> usize {
        let right = |&(image, &label): &(usize, &u8)| self.class(image) == Some(usize::from(label));
        labels.iter().enumerate().filter(right).count()
    }

    /// Indices of the images whose activation inputs pass `limit` in magnitude somewhere, or that have a value which is
    /// not finite. With [`EXPLODING`] as the limit these are the exploding images.
    pub fn beyond(&self, limit: f64) -> Vec<usize> {
        let passes = |&image: &usize| {
            self.largest_of(image).iter().any(|&largest| largest.to_f64() > limit)
                || self.logits_of(image).iter().any(|logit| !logit.is_finite())
        };
        (0..self.images()).filter(passes).collect()
    }
}

fn row<T>(values: &[T], length: usize, index: usize) -> &[T] {
    let start = index.saturating_mul(length);
    values.get(start..start.saturating_add(length)).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_and_exploding_images() {
        let output = PlainOutput {
            sites: vec!["act1".to_owned(), "act2".to_owned()],
            classes: 2,
            logits: vec![1.0_f32, 2.0, 3.0, 3.0, f32::NAN, 0.0, f32::INFINITY, 1.0],
            largest: vec![4.0, 1e4, 4.0, 4.0, 4.0, f32::INFINITY, 4.0, 4.0],
        };
        assert_eq!(output.images(), 4);
        assert_eq!(
            (0..5).map(|image| output.class(image)).collect::<Vec<_>>(),
            [Some(1), Some(0), None, Some(0), None]
        );
        assert_eq!(output.correct(&[1, 1, 0, 0]), 2);
        assert_eq!(output.beyond(EXPLODING), [0, 2, 3]);
        assert_eq!(output.beyond(3.0), [0, 1, 2, 3]);
        assert!(output.largest_of(4).is_empty() && output.logits_of(usize::MAX).is_empty());
    }
}
