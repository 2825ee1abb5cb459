//! A scalar matrix in panels of eight rows, as evaluators work on it.

use std::collections::HashMap;
use std::ops::Range;

use crate::ckks::scalar_matrix::{Panel, Place, ScalarMatrix};
use crate::ring::simd::{PANEL_ROWS, PanelTerm};

/// A column of plaintexts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Column {
    /// Whole numbers that are too large for small ones.
    Large([i64; PANEL_ROWS]),
    /// Weights times the mask of this number.
    Masked([f64; PANEL_ROWS], usize),
}

/// Up to eight rows of a panel, at all its places. Columns of zeros are left out: a diagonal matrix is mostly that.
#[derive(Debug)]
pub(super) struct RowsOfPanel {
    /// The columns as whole numbers of the scale's units.
    pub numbers: Vec<[i64; PANEL_ROWS]>,
    /// The columns of plaintexts.
    pub columns: Vec<Column>,
    /// The places.
    pub places: Vec<PlaceOfRows>,
}

/// What the rows read at one place.
#[derive(Debug)]
pub(super) struct PlaceOfRows {
    /// For each row the output to which it is added.
    pub outputs: Vec<u32>,
    /// Sources times columns of numbers.
    pub whole: Vec<PanelTerm>,
    /// Sources times columns of plaintexts.
    pub plaintexts: Vec<PanelTerm>,
}

impl RowsOfPanel {
    /// The parts of all panels that read the sources of `block`. Whole numbers above `limit` are plaintexts.
    pub(super) fn all(matrix: &ScalarMatrix, block: &Range<usize>, scale: f64, limit: u64) -> Vec<Self> {
        let part = |panel, rows| Self::new(panel, rows, block, scale, limit);
        matrix.panels().iter().flat_map(|panel| row_ranges(panel).map(move |rows| part(panel, rows))).collect()
    }

    fn new(panel: &Panel, rows: Range<usize>, block: &Range<usize>, scale: f64, limit: u64) -> Self {
        let weights = columns(panel, &rows);
        let numbers: Vec<[i64; PANEL_ROWS]> =
            weights.iter().map(|column| column.map(|w| (w * scale).round_ties_even() as i64)).collect();
        let mut columns = Vec::new();
        let mut known: HashMap<(usize, Option<u8>), u32> = HashMap::new();
        let place = |place: &Place| {
            let outputs = place.outputs[rows.clone()].to_vec();
            let (mut whole, mut plaintexts) = (Vec::new(), Vec::new());
            for (index, column) in place.columns.iter().enumerate() {
                let Some(column) = column.filter(|column| block.contains(&(column.source as usize))) else { continue };
                if weights[index] == [0.0; PANEL_ROWS] {
                    continue;
                }
                let source = (column.source as usize - block.start) as u32;
                if column.mask.is_none() && numbers[index].iter().all(|w| w.unsigned_abs() <= limit) {
                    whole.push(PanelTerm { source, column: index as u32 });
                    continue;
                }
                let number = *known.entry((index, column.mask)).or_insert_with(|| {
                    columns.push(match column.mask {
                        Some(mask) => Column::Masked(weights[index], usize::from(mask)),
                        None => Column::Large(numbers[index]),
                    });
                    (columns.len() - 1) as u32
                });
                plaintexts.push(PanelTerm { source, column: number });
            }
            PlaceOfRows { outputs, whole, plaintexts }
        };
        let places = panel.places.iter().map(place).collect();
        Self { numbers, columns, places }
    }
}

/// The rows of a panel, eight at a time.
fn row_ranges(panel: &Panel) -> impl Iterator<Item = Range<usize>> + use<> {
    let rows = panel.places.first().map_or(0, |place| place.outputs.len());
    (0..rows).step_by(PANEL_ROWS).map(move |first| first..rows.min(first + PANEL_ROWS))
}

/// The columns of some rows; zeros for rows that there are not.
fn columns(panel: &Panel, rows: &Range<usize>) -> Vec<[f64; PANEL_ROWS]> {
    let count = panel.places.first().map_or(0, |place| place.columns.len());
    let mut columns = vec![[0.0; PANEL_ROWS]; count];
    for (at, row) in rows.clone().enumerate() {
        columns.iter_mut().zip(&panel.weights[row * count..]).for_each(|(column, weight)| column[at] = *weight);
    }
    columns
}

/// Products that are made for a matrix, those with the zeros of a column and with rows that there are not included.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct PanelProducts {
    /// With whole numbers.
    pub whole: usize,
    /// With plaintexts.
    pub masked: usize,
    /// Plaintexts.
    pub plaintexts: usize,
}

impl PanelProducts {
    /// Those of a matrix.
    pub(super) fn of(matrix: &ScalarMatrix) -> Self {
        let mut sum = Self::default();
        for panel in matrix.panels() {
            for rows in row_ranges(panel) {
                let used: Vec<bool> = columns(panel, &rows).iter().map(|column| *column != [0.0; PANEL_ROWS]).collect();
                // Masks that meet each column.
                let mut masks = vec![[0u128; 2]; used.len()];
                for place in &panel.places {
                    for ((column, masks), _) in
                        place.columns.iter().zip(&mut masks).zip(&used).filter(|(_, used)| **used)
                    {
                        match column.map(|column| column.mask) {
                            None => (),
                            Some(None) => sum.whole += PANEL_ROWS,
                            Some(Some(mask)) => {
                                sum.masked += PANEL_ROWS;
                                masks[usize::from(mask / 128)] |= 1 << (mask % 128);
                            }
                        }
                    }
                }
                let pairs: u32 = masks.as_flattened().iter().map(|masks| masks.count_ones()).sum();
                sum.plaintexts += PANEL_ROWS * pairs as usize;
            }
        }
        sum
    }
}
