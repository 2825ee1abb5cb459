//! A scalar matrix in panels of eight rows, as the kernels take them.

use std::collections::HashMap;
use std::ops::Range;

use crate::ckks::scalar_matrix::{Panel, ScalarMatrix};
use crate::ring::simd::{PANEL_ROWS, PanelTerm, reduction_points, whole_limit, whole_numbers};

/// A column of residues.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Column {
    /// Whole numbers that are too large for the kernels.
    Whole([i64; PANEL_ROWS]),
    /// Weights times the mask of this number.
    Masked([f64; PANEL_ROWS], usize),
}

/// Up to eight rows of a panel, at all its places.
pub(super) struct Panels<'m> {
    whole: Vec<[u64; PANEL_ROWS]>,
    columns: Vec<Column>,
    places: Vec<PlaceOfRows<'m>>,
}

/// What eight rows read at one place.
pub(super) struct PlaceOfRows<'m> {
    pub outputs: &'m [u32],
    pub whole: Vec<PanelTerm>,
    /// Where sums of products with whole numbers are reduced.
    pub points: Vec<u32>,
    pub residues: Vec<PanelTerm>,
}

impl<'m> Panels<'m> {
    /// The parts of all panels that read the sources of `block`, for primes of at most `bits` bits.
    pub(super) fn all(matrix: &'m ScalarMatrix, block: &Range<usize>, scale: f64, bits: u32) -> Vec<Self> {
        let mut all = Vec::new();
        for panel in matrix.panels() {
            let rows = panel.places.first().map_or(0, |place| place.outputs.len());
            let firsts = (0..rows).step_by(PANEL_ROWS);
            all.extend(firsts.map(|first| Self::rows(panel, first..rows.min(first + PANEL_ROWS), block, scale, bits)));
        }
        all
    }

    fn rows(panel: &'m Panel, rows: Range<usize>, block: &Range<usize>, scale: f64, bits: u32) -> Self {
        let count = panel.places.first().map_or(0, |place| place.columns.len());
        let weights = |column: usize| -> [f64; PANEL_ROWS] {
            std::array::from_fn(|i| rows.clone().nth(i).map_or(0.0, |row| panel.weights[row * count + column]))
        };
        let numbers: Vec<[i64; PANEL_ROWS]> =
            (0..count).map(|column| weights(column).map(|w| (w * scale).round_ties_even() as i64)).collect();
        let mut columns = Vec::new();
        let mut known: HashMap<(usize, Option<u8>), u32> = HashMap::new();
        let mut places = Vec::new();
        for place in &panel.places {
            let (mut whole, mut residues) = (Vec::new(), Vec::new());
            for (index, column) in place.columns.iter().enumerate() {
                let Some(column) = column.filter(|column| block.contains(&(column.source as usize))) else { continue };
                let source = (column.source as usize - block.start) as u32;
                let large = numbers[index].iter().any(|w| w.unsigned_abs() > whole_limit(bits));
                // Zeros for all rows: most of a diagonal matrix.
                if weights(index).iter().all(|weight| *weight == 0.0) {
                    continue;
                }
                if column.mask.is_none() && !large {
                    whole.push(PanelTerm { source, column: index as u32 });
                    continue;
                }
                let number = *known.entry((index, column.mask)).or_insert_with(|| {
                    columns.push(match column.mask {
                        Some(mask) => Column::Masked(weights(index), usize::from(mask)),
                        None => Column::Whole(numbers[index]),
                    });
                    (columns.len() - 1) as u32
                });
                residues.push(PanelTerm { source, column: number });
            }
            let points = reduction_points(whole.iter().map(|term: &PanelTerm| &numbers[term.column as usize]), bits);
            places.push(PlaceOfRows { outputs: &place.outputs[rows.clone()], whole, points, residues });
        }
        let small = |weights: &[i64; PANEL_ROWS]| weights.iter().all(|w| w.unsigned_abs() <= whole_limit(bits));
        let whole =
            numbers.into_iter().map(|w| whole_numbers(if small(&w) { w } else { Default::default() })).collect();
        Self { whole, columns, places }
    }

    /// Cuts panels so that no part has more than `most` columns of residues, if a panel alone has not.
    pub(super) fn cut<'p>(panels: &'p [Self], most: usize) -> Vec<&'p [Self]> {
        let mut parts = Vec::new();
        let (mut start, mut held) = (0, 0);
        for (index, panel) in panels.iter().enumerate() {
            if held > 0 && held + panel.columns.len() > most {
                parts.push(&panels[start..index]);
                (start, held) = (index, 0);
            }
            held += panel.columns.len();
        }
        parts.push(&panels[start..]);
        parts
    }

    /// The columns of whole numbers, in the form of the kernels.
    pub(super) fn whole(&self) -> &[[u64; PANEL_ROWS]] {
        &self.whole
    }

    /// The columns of residues.
    pub(super) fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The places.
    pub(super) fn places(&self) -> &[PlaceOfRows<'m>] {
        &self.places
    }
}
