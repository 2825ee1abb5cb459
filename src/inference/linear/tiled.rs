//! Linear layers in the tiled layout, as matrices over rotated ciphertexts (method section 8).
//!
//! A tap that stays inside the tile is another ciphertext, and its weight a whole number; one that leaves it reads a rotated one through
//! a mask over the tiles that have such a neighbour.

use std::collections::{BTreeMap, BTreeSet};

use super::window::Window;
use crate::ckks::CkksError;
use crate::ckks::combination::Rotated;
use crate::ckks::scalar_matrix::{Column, Panel, Place, ScalarMatrix};
use crate::inference::layout::{Reach, TiledLayout};
use crate::network::lowered::{LinearMap, Shape};

/// One term of a layer.
#[derive(Debug, Clone, Copy)]
pub struct TiledTerm<'a> {
    /// Its map.
    pub map: &'a LinearMap,
    /// Layout of the source.
    pub layout: TiledLayout,
    /// Number of the first input ciphertext of this source.
    pub first_input: usize,
}

/// A panel whose columns say where they read, before sources and masks have numbers.
struct Draft {
    weights: Vec<f64>,
    /// For each place the outputs, and what the columns read.
    places: Vec<(Vec<u32>, Vec<Option<Read>>)>,
}

/// A source with the mask that it is read through; none: as it is.
type Read = (Rotated, Option<Vec<u64>>);

/// The matrix of a layer whose terms read tiled values and whose value is laid out as `output`; none: a convolution without a window. The values of
/// dense terms have been added up in squares of [`summed`] tiles.
///
/// # Errors
/// [`CkksError::Combination`].
pub fn matrix(terms: &[TiledTerm<'_>], output: &TiledLayout) -> Option<Result<ScalarMatrix, CkksError>> {
    let side = summed(terms);
    let drafts: Option<Vec<Vec<Draft>>> = terms.iter().map(|term| drafts(term, output, side)).collect();
    let drafts: Vec<Draft> = drafts?.into_iter().flatten().collect();
    let inputs = terms.iter().map(|term| term.first_input + term.layout.ciphertexts()).max().unwrap_or(0);
    Some(numbered(drafts, inputs, output.ciphertexts()))
}

/// The panels of one term.
fn drafts(term: &TiledTerm<'_>, output: &TiledLayout, side: usize) -> Option<Vec<Draft>> {
    match term.map {
        LinearMap::Convolution { weights, in_channels, out_channels, groups, .. } => {
            let window = Window::of(term.map)?;
            let (rows, channels) = (out_channels / groups, in_channels / groups);
            let of_group = weights.chunks_exact((weights.len() / groups).max(1)).enumerate();
            Some(
                of_group
                    .map(|(group, weights)| {
                        let place = |(row, column)| {
                            let outputs = (group * rows..(group + 1) * rows)
                                .map(|channel| output.ciphertext(channel, row, column) as u32)
                                .collect();
                            let inputs = (group * channels..(group + 1) * channels)
                                .flat_map(|channel| taps(term, output, &window, channel, (row, column)))
                                .collect();
                            (outputs, inputs)
                        };
                        Draft { weights: weights.to_vec(), places: positions(output).map(place).collect() }
                    })
                    .collect(),
            )
        }
        LinearMap::ChannelScale { factors, .. } => {
            let window = Window::of(term.map)?;
            let one = |channel: usize| {
                let from = term.map.inputs_of(channel, factors.len()).next()?;
                let place = |(row, column)| {
                    let read = taps(term, output, &window, from, (row, column));
                    (vec![output.ciphertext(channel, row, column) as u32], read)
                };
                Some(Draft { weights: vec![factors[from]], places: positions(output).map(place).collect() })
            };
            // Nothing is added to what shortcuts have no channel for.
            Some((0..output.shape().channels).filter_map(one).collect())
        }
        LinearMap::Dense { weights, outputs } => Some(vec![dense(term, weights, *outputs, side)]),
    }
}

/// Positions inside a tile.
fn positions(layout: &TiledLayout) -> impl Iterator<Item = (i64, i64)> + Clone + use<> {
    let (rows, columns) = layout.tile();
    (0..rows as i64).flat_map(move |row| (0..columns as i64).map(move |column| (row, column)))
}

/// What a convolution reads of a channel for one position of its output, tap by tap.
fn taps(
    term: &TiledTerm<'_>,
    output: &TiledLayout,
    window: &Window,
    channel: usize,
    (row, column): (i64, i64),
) -> Vec<Option<Read>> {
    let at = |position: i64, tap: usize| position * window.stride as i64 + tap as i64 - window.padding as i64;
    let tap = |index: usize| {
        let reach = term.layout.reach(channel, at(row, index / window.kernel), at(column, index % window.kernel));
        read(term, output, reach)
    };
    (0..window.kernel * window.kernel).map(tap).collect()
}

/// What is read at the end of a reach; none: nothing but zeros.
fn read(term: &TiledTerm<'_>, output: &TiledLayout, reach: Reach) -> Option<Read> {
    let mask = term.layout.mask(output, reach.rows, reach.columns);
    if mask.as_ref().is_some_and(|mask| mask.iter().all(|x| *x == 0.0)) {
        return None;
    }
    let input = term.first_input + reach.ciphertext;
    let steps = term.layout.step(reach.rows, reach.columns);
    Some((Rotated { input, steps }, mask.map(|mask| mask.into_iter().map(f64::to_bits).collect())))
}

/// Rows and columns of the largest squares of tiles in which the weights of all dense terms are those of the first tile, so that their tiles may
/// be added up before: all tiles of an image after the mean over each channel.
pub fn summed(terms: &[TiledTerm<'_>]) -> usize {
    let side = |term: &TiledTerm<'_>| {
        let LinearMap::Dense { weights, .. } = term.map else { return 1 };
        let sides = (0..).map(|k| term.layout.used() >> k).take_while(|side| *side > 1);
        sides.into_iter().find(|side| is_summed(term, weights, *side)).unwrap_or(1)
    };
    terms.iter().map(side).min().unwrap_or(1)
}

/// Whether in every square of `side` times `side` tiles the weights are those of its first tile.
fn is_summed(term: &TiledTerm<'_>, weights: &[f64], side: usize) -> bool {
    let Shape { height, width, .. } = term.layout.shape();
    let (rows, columns) = term.layout.tile();
    weights.chunks_exact((height * width).max(1)).all(|plane| {
        plane.iter().enumerate().all(|(at, weight)| {
            let first = |pixel: usize, tile: usize| pixel / (tile * side) * (tile * side) + pixel % tile;
            let first = plane[first(at / width, rows) * width + first(at % width, columns)];
            // The mean over a plane is divided by its size weight by weight, which rounds.
            (weight - first).abs() <= 1e-12 * first.abs()
        })
    })
}

/// A dense map of values whose squares of `side` times `side` tiles have been added up: the first tile of an image reads those of all squares.
fn dense(term: &TiledTerm<'_>, weights: &[f64], outputs: usize, side: usize) -> Draft {
    let layout = &term.layout;
    let Shape { channels, height, width } = layout.shape();
    let (rows, columns) = layout.tile();
    let squares = (0..layout.used()).step_by(side).flat_map(|v| (0..layout.used()).step_by(side).map(move |u| (v, u)));
    let positions = positions(layout);
    let reads: Vec<(usize, Read)> = (0..channels)
        .flat_map(|channel| squares.clone().map(move |square| (channel, square)))
        .flat_map(|(channel, square)| positions.clone().map(move |position| (channel, square, position)))
        .map(|(channel, (v, u), (row, column))| {
            let pixel = (v * rows + row as usize) * width + u * columns + column as usize;
            let input = term.first_input + layout.ciphertext(channel, row, column);
            (channel * height * width + pixel, (Rotated { input, steps: layout.tile_step(v, u) }, None))
        })
        .collect();
    let of_class = weights.chunks_exact((channels * height * width).max(1));
    let weights = of_class.flat_map(|weights| reads.iter().map(|(at, _)| weights[*at])).collect();
    let columns = reads.into_iter().map(|(_, read)| Some(read)).collect();
    Draft { weights, places: vec![((0..outputs as u32).collect(), columns)] }
}

/// Gives sources and masks their numbers.
fn numbered(drafts: Vec<Draft>, inputs: usize, outputs: usize) -> Result<ScalarMatrix, CkksError> {
    let reads = || drafts.iter().flat_map(|draft| &draft.places).flat_map(|(_, columns)| columns.iter().flatten());
    let sources: BTreeSet<Rotated> = reads().map(|(source, _)| *source).collect();
    let numbers: BTreeMap<Rotated, u32> = sources.iter().copied().zip(0..).collect();
    let masks: BTreeSet<&Vec<u64>> = reads().filter_map(|(_, mask)| mask.as_ref()).collect();
    let mask_numbers: BTreeMap<&Vec<u64>, u8> = masks.iter().copied().zip(0..=u8::MAX).collect();
    let slots = masks.iter().map(|mask| mask.iter().map(|bits| f64::from_bits(*bits)).collect());
    let mut matrix = ScalarMatrix::new(inputs, outputs, sources.iter().copied().collect(), slots.collect())?;
    for Draft { weights, places } in &drafts {
        let column = |read: &Option<Read>| {
            let (source, mask) = read.as_ref()?;
            Some(Column { source: numbers[source], mask: mask.as_ref().map(|mask| mask_numbers[mask]) })
        };
        let place = |(outputs, columns): &(Vec<u32>, Vec<Option<Read>>)| Place {
            outputs: outputs.clone(),
            columns: columns.iter().map(column).collect(),
        };
        matrix.push(Panel { weights: weights.clone(), places: places.iter().map(place).collect() })?;
    }
    Ok(matrix)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::lowered::Placement;
    use proptest::prelude::*;

    /// The matrix on clear slots.
    fn apply(matrix: &ScalarMatrix, inputs: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let slots = inputs[0].len();
        let mut outputs = vec![vec![0.0; slots]; matrix.outputs()];
        for panel in matrix.panels() {
            for place in &panel.places {
                for (row, output) in place.outputs.iter().enumerate() {
                    for (at, column) in place.columns.iter().enumerate() {
                        let Some(column) = column else { continue };
                        let weight = panel.weights[row * place.columns.len() + at];
                        let Rotated { input, steps } = matrix.sources()[column.source as usize];
                        let mask = column.mask.map(|mask| &matrix.masks()[usize::from(mask)]);
                        for slot in 0..slots {
                            let factor = mask.map_or(1.0, |mask| mask[slot % mask.len()]);
                            let from = (slot as i64 + steps).rem_euclid(slots as i64) as usize;
                            outputs[*output as usize][slot] += weight * factor * inputs[input][from];
                        }
                    }
                }
            }
        }
        outputs
    }

    fn values(count: usize, seed: u64) -> Vec<f64> {
        (0..count as u64).map(|i| ((i * 7919 + seed * 104_729 + 13) % 2003) as f64 / 1001.0 - 1.0).collect()
    }

    proptest! {
        #[test]
        fn convolutions_of_several_images_are_those_of_each(
            log_tiles in 0u32..4, channels in 1usize..3, out in 1usize..3, stride in 1usize..3, kernel in prop::sample::select(vec![1usize, 3, 5]),
            halo in 0usize..2, second in any::<bool>(), seed in 0u64..1000,
        ) {
            let (side, images, tiles) = (8, 3, 1usize << (2 * log_tiles));
            let padding = kernel / 2;
            let shape = Shape::new(channels, side, side);
            let mut layout = TiledLayout::image(shape, tiles, halo).unwrap();
            let mut side = side;
            if second {
                // A value after a stride: with a tile of one pixel there are gaps.
                side /= 2;
                layout = layout.strided(Shape::new(channels, side, side), 2).unwrap();
            }
            let shape = Shape::new(channels, side, side);
            let output = layout.strided(Shape::new(out, side / stride, side / stride), stride).unwrap();
            let map = LinearMap::Convolution {
                weights: values(out * channels * kernel * kernel, seed), out_channels: out, in_channels: channels, kernel, stride, padding, groups: 1,
            };
            // Beside a shortcut without weights, where there are channels enough.
            let zeros = out.saturating_sub(channels);
            let before = if seed.is_multiple_of(2) { zeros / 2 } else { 0 };
            let placement = Placement { stride, before, after: zeros - before, groups: 1 };
            let shortcut = LinearMap::ChannelScale { factors: values(channels, seed + 7), placement };
            let mut maps = vec![map];
            if shortcut.output_shape(shape) == Some(output.shape()) {
                maps.push(shortcut);
            }
            let terms: Vec<TiledTerm<'_>> = maps.iter().map(|map| TiledTerm { map, layout, first_input: 0 }).collect();
            let matrix = matrix(&terms, &output).unwrap().unwrap();
            let planes: Vec<Vec<f64>> = (0..images).map(|image| values(shape.len(), seed + image)).collect();
            let slots: Vec<Vec<Vec<f64>>> = planes.iter().map(|plane| layout.scatter(plane)).collect();
            let inputs: Vec<Vec<f64>> = (0..layout.ciphertexts())
                .map(|ciphertext| {
                    let mut all: Vec<f64> = slots.iter().flat_map(|image| image[ciphertext][..tiles].to_vec()).collect();
                    all.resize((4 * tiles).max(16), 0.0);
                    all
                })
                .collect();
            let outputs = apply(&matrix, &inputs);
            for (image, plane) in planes.iter().enumerate() {
                let mut expected = vec![0.0; output.shape().len()];
                maps.iter().for_each(|map| map.apply_add(plane, shape, &mut expected, output.shape(), &mut Vec::new()));
                let mut used = std::collections::HashSet::new();
                for (index, expected) in expected.iter().enumerate() {
                    let plane = (side / stride) * (side / stride);
                    let (ciphertext, slot) =
                        output.position(index / plane, index % plane / (side / stride), index % (side / stride));
                    used.insert((ciphertext, slot));
                    let found = outputs[ciphertext][image * tiles + slot];
                    prop_assert!((found - expected).abs() < 1e-9, "{found} {expected}");
                }
                // Slots without a pixel stay zero, so that nothing grows there.
                for (ciphertext, slots) in outputs.iter().enumerate() {
                    for slot in (0..tiles).filter(|slot| !used.contains(&(ciphertext, *slot))) {
                        prop_assert_eq!(slots[image * tiles + slot], 0.0);
                    }
                }
            }
        }
    }

    #[test]
    fn classifiers_follow_from_sums_over_squares_of_tiles() {
        let shape = Shape::new(3, 4, 4);
        for (tiles, stride) in [(1, 1), (4, 1), (16, 1), (16, 2)] {
            let image = TiledLayout::image(Shape::new(3, 4 * stride, 4 * stride), tiles, 0).unwrap();
            let layout = image.strided(shape, stride).unwrap();
            // After the mean over the plane, over squares of two by two pixels, and without a mean.
            for size in [4, 2, 1] {
                let own = values(96, 3);
                let weight = |at: usize| own[at / 16 * 16 + at % 16 / 4 / size * 4 + at % 4 / size];
                let map = LinearMap::Dense { weights: (0..96).map(weight).collect(), outputs: 2 };
                let output = layout.classes(2);
                let terms = [TiledTerm { map: &map, layout, first_input: 0 }];
                let side = summed(&terms);
                assert_eq!(side, (size * layout.used() / 4).max(1), "{tiles} tiles, squares of {size}");
                let matrix = matrix(&terms, &output).unwrap().unwrap();
                // Rotations bring what is of the image before or after to most tiles, but not to the first.
                let planes: Vec<_> = (5..8).map(|seed| values(shape.len(), seed)).collect();
                let mut inputs: Vec<Vec<f64>> = vec![Vec::new(); layout.ciphertexts()];
                for plane in &planes {
                    let of_image = layout.scatter(plane);
                    inputs.iter_mut().zip(of_image).for_each(|(slots, own)| slots.extend(&own[..tiles]));
                }
                for steps in layout.sums(side) {
                    for slots in &mut inputs {
                        let before = slots.clone();
                        let count = before.len();
                        slots.iter_mut().enumerate().for_each(|(i, x)| *x += before[(i + steps as usize) % count]);
                    }
                }
                let outputs = apply(&matrix, &inputs);
                for (image, plane) in planes.iter().enumerate() {
                    let mut expected = vec![0.0; 2];
                    map.apply_add(plane, shape, &mut expected, Shape::new(2, 1, 1), &mut Vec::new());
                    for (class, expected) in expected.iter().enumerate() {
                        let found = outputs[class][image * tiles];
                        assert!((found / expected - 1.0).abs() < 1e-9, "{tiles}, {size}, {image}: {found} {expected}");
                    }
                }
            }
        }
    }
}
