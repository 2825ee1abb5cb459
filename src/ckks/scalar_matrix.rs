//! Sums of rotated ciphertexts times numbers: a matrix product over ciphertexts.
//!
//! Output o is `sum over sources s of weight(o, s) * mask(s) * rot(input, steps)`. Without a mask a weight is a whole number of the
//! scale's units, so its product is exact; with one it is a plaintext that repeats after a few slots, whose values in the NTT domain
//! come in runs, so that its product is a number times a run of words too. That is what linear layers of the tiled layout are
//! (method section 8). Convolutions have the same weights at every place of a tile: a panel of weights is kept once, with the places
//! where it is used.

use std::collections::HashSet;

use super::encoder::{self, COEFFICIENT_BITS, largest_magnitude, split_scale};
use super::error::CkksError;
use super::rotated::{self, Rotated};

/// Bytes of evaluated plaintexts that an evaluator has in memory at a time.
pub const PLAINTEXT_BYTES: usize = 128 << 20;

/// Whole numbers are below 2^62.
const WHOLE_BITS: u32 = 62;

/// What a column of a panel reads at one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Number of the source.
    pub source: u32,
    /// Number of the mask by which it is multiplied; none: by one in every slot.
    pub mask: Option<u8>,
}

/// Where a panel is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// For each row of the panel the output to which it is added; distinct.
    pub outputs: Vec<u32>,
    /// For each column what it reads; none: nothing, as beside an image.
    pub columns: Vec<Option<Column>>,
}

/// A matrix of weights with the places where it is used.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// A row for each output of a place, a column for each source: row-major.
    pub weights: Vec<f64>,
    /// The places; none: the panel does nothing.
    pub places: Vec<Place>,
}

impl Panel {
    /// Outputs of a place.
    pub(super) fn rows(&self) -> usize {
        self.places.first().map_or(0, |place| place.outputs.len())
    }
}

/// A matrix over rotated ciphertexts.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScalarMatrix {
    inputs: usize,
    outputs: usize,
    sources: Vec<Rotated>,
    masks: Vec<Vec<f64>>,
    panels: Vec<Panel>,
}

impl ScalarMatrix {
    /// A matrix that is zero. `sources` are sorted and distinct; masks have one length, a power of two from 8 to N/2.
    ///
    /// # Errors
    /// [`CkksError::Combination`] for sources that read inputs that there are not or are not sorted and distinct, and for masks of
    /// different lengths or more than can be numbered.
    pub fn new(inputs: usize, outputs: usize, sources: Vec<Rotated>, masks: Vec<Vec<f64>>) -> Result<Self, CkksError> {
        let fail = |reason| Err(CkksError::Combination { reason });
        rotated::check(&sources, inputs)?;
        if masks.len() > usize::from(u8::MAX) {
            return fail(format!("{} masks, but at most {} can be told apart", masks.len(), u8::MAX));
        }
        let period = masks.first().map_or(8, Vec::len);
        if !period.is_power_of_two() || period < 8 || masks.iter().any(|mask| mask.len() != period) {
            return fail("masks have one length, a power of two of at least 8".to_owned());
        }
        Ok(Self { inputs, outputs, sources, masks, panels: Vec::new() })
    }

    /// Adds a panel.
    ///
    /// # Errors
    /// [`CkksError::Combination`] for another number of weights than rows times columns, for places of different sizes, for outputs that
    /// are not distinct, for outputs, sources or masks that there are not, and for weights that are no numbers.
    pub fn push(&mut self, panel: Panel) -> Result<(), CkksError> {
        let fail = |reason| Err(CkksError::Combination { reason });
        if let Some(weight) = panel.weights.iter().find(|weight| !weight.is_finite()) {
            return fail(format!("a weight is {weight}"));
        }
        for place in &panel.places {
            let (rows, columns) = (place.outputs.len(), place.columns.len());
            if rows * columns != panel.weights.len() {
                return fail(format!("{} weights for {rows} rows and {columns} columns", panel.weights.len()));
            }
            if panel.places[0].outputs.len() != rows {
                return fail(format!("a panel has places of {} and of {rows} rows", panel.places[0].outputs.len()));
            }
            let mut outputs = place.outputs.clone();
            outputs.sort_unstable();
            if let Some(output) = outputs.windows(2).find(|pair| pair[0] == pair[1]) {
                return fail(format!("two rows make output {}", output[0]));
            }
            if let Some(output) = place.outputs.iter().find(|output| **output as usize >= self.outputs) {
                return fail(format!("it makes output {output} of {}", self.outputs));
            }
            for Column { source, mask } in place.columns.iter().flatten() {
                if *source as usize >= self.sources.len() {
                    return fail(format!("it reads rotated input {source} of {}", self.sources.len()));
                }
                if let Some(mask) = mask.filter(|mask| usize::from(*mask) >= self.masks.len()) {
                    return fail(format!("it multiplies by mask {mask} of {}", self.masks.len()));
                }
            }
        }
        self.panels.push(panel);
        Ok(())
    }

    /// Whether whole numbers and the coefficients of plaintexts fit at `scale`, where `masks` are the coefficients of the masks.
    ///
    /// # Errors
    /// [`CkksError::PlaintextOverflow`], [`CkksError::Scale`].
    pub(super) fn check_coefficients(&self, masks: &[Vec<f64>], scale: f64) -> Result<(), CkksError> {
        let weight = largest_magnitude(self.panels.iter().flat_map(|panel| &panel.weights));
        let coefficient = largest_magnitude(masks.iter().flatten());
        encoder::check_magnitude(weight * coefficient, split_scale(scale)?.0, COEFFICIENT_BITS)?;
        encoder::check_magnitude(weight, scale, WHOLE_BITS)
    }

    /// Number of input ciphertexts.
    pub const fn inputs(&self) -> usize {
        self.inputs
    }

    /// Number of output ciphertexts.
    pub const fn outputs(&self) -> usize {
        self.outputs
    }

    /// The rotated inputs, sorted by input.
    pub fn sources(&self) -> &[Rotated] {
        &self.sources
    }

    /// The masks: one period of slots each.
    pub fn masks(&self) -> &[Vec<f64>] {
        &self.masks
    }

    /// Number of slots after which every mask repeats.
    pub fn period(&self) -> usize {
        self.masks.first().map_or(8, Vec::len)
    }

    /// The panels.
    pub fn panels(&self) -> &[Panel] {
        &self.panels
    }

    /// The distinct rotations, in slots to the left, for which keys are needed.
    pub fn rotations(&self) -> Vec<i64> {
        rotated::rotations(&self.sources)
    }

    /// Products of a ciphertext with a number; zero weights are not left out.
    pub fn products(&self) -> usize {
        let places = self.panels.iter().flat_map(|panel| &panel.places);
        places.map(|place| place.outputs.len() * place.columns.iter().flatten().count()).sum()
    }

    /// Those of them with a mask.
    pub fn masked_products(&self) -> usize {
        let masked = |place: &Place| place.columns.iter().flatten().filter(|column| column.mask.is_some()).count();
        self.panels.iter().flat_map(|panel| &panel.places).map(|place| place.outputs.len() * masked(place)).sum()
    }

    /// Distinct pairs of a weight and a mask.
    pub fn masked_weights(&self) -> usize {
        let pairs = |panel: &Panel| {
            let columns = panel.places.iter().flat_map(|place| place.columns.iter().enumerate());
            let masked = columns.filter_map(|(column, read)| Some((column, (*read)?.mask?)));
            panel.rows() * masked.collect::<HashSet<_>>().len()
        };
        self.panels.iter().map(pairs).sum()
    }
}
