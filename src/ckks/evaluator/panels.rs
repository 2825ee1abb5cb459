//! A scalar matrix in panels of eight rows, as evaluators work on it.

use std::collections::HashMap;
use std::ops::Range;

use crate::ckks::scalar_matrix::{Column as ScalarColumn, Panel, Place, ScalarMatrix};
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
    /// The parts of all panels that read the sources of `block`. Whole numbers above `limit` are plaintexts. A panel of one row, as of an
    /// identity, joins the rows that have its output.
    pub(super) fn all(matrix: &ScalarMatrix, block: &Range<usize>, scale: f64, limit: u64) -> Vec<Self> {
        let columns = Columns { block, scale, limit };
        let mut drafts: Vec<Draft> = Vec::new();
        // Part, place and row of each output.
        let mut homes: HashMap<u32, (usize, usize, usize)> = HashMap::new();
        let (thin, thick): (Vec<_>, Vec<_>) =
            matrix.panels().iter().enumerate().partition(|(_, panel)| panel.rows() == 1);
        for (_, panel) in thick {
            for first in (0..panel.rows()).step_by(PANEL_ROWS) {
                let rows = first..panel.rows().min(first + PANEL_ROWS);
                for (place, of_panel) in panel.places.iter().enumerate() {
                    for (row, output) in of_panel.outputs[rows.clone()].iter().enumerate() {
                        homes.entry(*output).or_insert((drafts.len(), place, row));
                    }
                }
                drafts.push(Draft::new(panel, rows, panel.places.iter(), &columns));
            }
        }
        for (number, panel) in thin {
            let home = |place: &&Place| place.outputs.first().and_then(|output| homes.get(output)).copied();
            let (joined, alone): (Vec<_>, Vec<_>) = panel.places.iter().partition(|place| home(place).is_some());
            for place in joined {
                let Some((part, at, row)) = home(&place) else { continue };
                for (index, column) in place.columns.iter().enumerate() {
                    let own = drafts[part].own_column(number, index, row, panel.weights[index], scale);
                    drafts[part].add(at, own, *column, &columns);
                }
            }
            if !alone.is_empty() {
                drafts.push(Draft::new(panel, 0..1, alone.into_iter(), &columns));
            }
        }
        drafts.into_iter().map(|draft| draft.rows).collect()
    }
}

/// Which columns are read, and how.
struct Columns<'b> {
    block: &'b Range<usize>,
    scale: f64,
    limit: u64,
}

/// Rows whose places are being filled.
struct Draft {
    rows: RowsOfPanel,
    weights: Vec<[f64; PANEL_ROWS]>,
    /// Numbers of plaintexts by column and mask.
    plaintexts: HashMap<(usize, Option<u8>), u32>,
    /// Numbers of columns that came from panels of one row, by panel, column and row.
    joined: HashMap<(usize, usize, usize), usize>,
}

/// The weights as whole numbers of the scale's units.
fn whole(column: &[f64; PANEL_ROWS], scale: f64) -> [i64; PANEL_ROWS] {
    column.map(|weight| (weight * scale).round_ties_even() as i64)
}

impl Draft {
    fn new<'m>(
        panel: &Panel,
        rows: Range<usize>,
        places: impl Iterator<Item = &'m Place>,
        columns: &Columns<'_>,
    ) -> Self {
        let count = panel.places.first().map_or(0, |place| place.columns.len());
        let mut weights = vec![[0.0; PANEL_ROWS]; count];
        for (at, row) in rows.clone().enumerate() {
            weights.iter_mut().zip(&panel.weights[row * count..]).for_each(|(column, weight)| column[at] = *weight);
        }
        let numbers = weights.iter().map(|column| whole(column, columns.scale)).collect();
        let rows_of_panel = RowsOfPanel { numbers, columns: Vec::new(), places: Vec::new() };
        let mut draft = Self { rows: rows_of_panel, weights, plaintexts: HashMap::new(), joined: HashMap::new() };
        for (at, place) in places.enumerate() {
            let outputs = place.outputs[rows.clone()].to_vec();
            draft.rows.places.push(PlaceOfRows { outputs, whole: Vec::new(), plaintexts: Vec::new() });
            for (index, column) in place.columns.iter().enumerate() {
                draft.add(at, index, *column, columns);
            }
        }
        draft
    }

    /// The number of a column that has one weight only.
    fn own_column(&mut self, panel: usize, column: usize, row: usize, weight: f64, scale: f64) -> usize {
        *self.joined.entry((panel, column, row)).or_insert_with(|| {
            let mut weights = [0.0; PANEL_ROWS];
            weights[row] = weight;
            self.rows.numbers.push(whole(&weights, scale));
            self.weights.push(weights);
            self.weights.len() - 1
        })
    }

    /// Adds what a column reads at a place.
    fn add(&mut self, place: usize, index: usize, column: Option<ScalarColumn>, columns: &Columns<'_>) {
        let Columns { block, limit, .. } = columns;
        let Some(column) = column.filter(|column| block.contains(&(column.source as usize))) else { return };
        let Self { rows: RowsOfPanel { numbers, columns, places }, weights, plaintexts, .. } = self;
        if weights[index] == [0.0; PANEL_ROWS] {
            return;
        }
        let source = (column.source as usize - block.start) as u32;
        if column.mask.is_none() && numbers[index].iter().all(|w| w.unsigned_abs() <= *limit) {
            places[place].whole.push(PanelTerm { source, column: index as u32 });
            return;
        }
        let number = *plaintexts.entry((index, column.mask)).or_insert_with(|| {
            columns.push(match column.mask {
                Some(mask) => Column::Masked(weights[index], usize::from(mask)),
                None => Column::Large(numbers[index]),
            });
            (columns.len() - 1) as u32
        });
        places[place].plaintexts.push(PanelTerm { source, column: number });
    }
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
    /// Those of a matrix whose weights are whole numbers of 1 / `scale`, of magnitude up to `limit` or plaintexts.
    pub(super) fn of(matrix: &ScalarMatrix, scale: f64, limit: u64) -> Self {
        let mut sum = Self::default();
        for rows in RowsOfPanel::all(matrix, &(0..matrix.sources().len()), scale, limit) {
            sum.plaintexts += PANEL_ROWS * rows.columns.len();
            for place in &rows.places {
                sum.whole += PANEL_ROWS * place.whole.len();
                sum.masked += PANEL_ROWS * place.plaintexts.len();
            }
        }
        sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ckks::rotated::Rotated;

    #[test]
    fn identities_join_the_rows_of_a_convolution() {
        let sources = (0..20).map(|input| Rotated { input, steps: 0 }).collect();
        let mut matrix = ScalarMatrix::new(20, 20, sources, vec![vec![1.0; 8]]).unwrap();
        let column = |source: u32, mask| Some(ScalarColumn { source, mask });
        // Ten rows at two places; two of four columns are read through a mask at the second one.
        let place = |first: u32, mask: Option<u8>| Place {
            outputs: (first..first + 10).collect(),
            columns: vec![column(first, None), column(first + 1, None), column(2, mask), column(3, mask)],
        };
        let weights = vec![0.5; 40];
        matrix.push(Panel { weights, places: vec![place(0, None), place(10, Some(0))] }).unwrap();
        let convolution = PanelProducts::of(&matrix, 1.0, u64::MAX);
        assert_eq!(convolution, PanelProducts { whole: 2 * 8 * 6, masked: 2 * 8 * 2, plaintexts: 2 * 8 * 2 });
        // Whole numbers beyond the limit are plaintexts, one for each column and mask.
        let limited = PanelProducts::of(&matrix, 16.0, 7);
        assert_eq!(limited, PanelProducts { whole: 0, masked: 2 * 8 * 8, plaintexts: 2 * 8 * 6 });
        for channel in 0..10 {
            let place = |output| Place { outputs: vec![output], columns: vec![column(output, None)] };
            matrix.push(Panel { weights: vec![3.0], places: vec![place(channel), place(channel + 10)] }).unwrap();
        }
        let parts = RowsOfPanel::all(&matrix, &(0..20), 1.0, u64::MAX);
        assert_eq!(parts.len(), 2);
        assert_eq!(
            PanelProducts::of(&matrix, 1.0, u64::MAX),
            PanelProducts { whole: convolution.whole + 20 * 8, ..convolution }
        );
        // One column for both places of a channel.
        assert_eq!(parts.iter().map(|part| part.numbers.len()).collect::<Vec<_>>(), [4 + 8, 4 + 2]);
    }
}
