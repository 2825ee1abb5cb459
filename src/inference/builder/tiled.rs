//! Layers in the tiled layout.

use super::state::{Builder, LayerInput, LayerInputs, stride, unsupported};
use crate::ckks::Parameters;
use crate::ckks::scalar_matrix::ScalarMatrix;
use crate::inference::error::InferenceError;
use crate::inference::layout::{Layout, TiledLayout};
use crate::inference::linear::{Packing, TiledTerm, matrix, summed};
use crate::inference::options::PlanOptions;
use crate::network::lowered::{Layer, LinearMap, LoweredNetwork, Shape, Source, Term};

/// Pixels beside a tile of the image that some layer reads.
fn halo(network: &LoweredNetwork) -> usize {
    let of_image = network.layers.iter().flat_map(|layer| &layer.terms).filter(|term| term.source == Source::Input);
    let reach = |term: &Term| match term.map {
        LinearMap::Convolution { kernel, padding, .. } => padding.max((kernel - 1).saturating_sub(padding)),
        _ => 0,
    };
    of_image.map(reach).max().unwrap_or(0)
}

/// Layout of the image.
pub(super) fn input(
    network: &LoweredNetwork,
    parameters: &Parameters,
    options: &PlanOptions,
) -> Result<Layout, InferenceError> {
    let tiles = options.tiles.unwrap_or(1);
    let Shape { height, width, .. } = network.input;
    let layout = TiledLayout::image(network.input, tiles, halo(network)).ok_or(InferenceError::Tiles {
        tiles,
        height,
        width,
    })?;
    let (slots, batch) = (parameters.slots(), options.batch.unwrap_or(1));
    if batch == 0 || slots / layout.period() == 0 || slots / tiles < batch {
        let needed = (batch.next_power_of_two() * tiles).max(layout.period());
        return Err(InferenceError::TooManyImages {
            batch,
            tiles,
            slots,
            log_n: options.log_n,
            needed: needed.ilog2() + 1,
            most: slots / tiles,
        });
    }
    Ok(Layout::Tiled(layout))
}

/// Layout of a layer's value, its inputs, the rotations by which they are added to themselves before, and its matrix; `from` is the layout of the first
/// term's source.
pub(super) fn linear(
    builder: &Builder,
    layer: &Layer,
    from: &TiledLayout,
) -> Result<(TiledLayout, Vec<LayerInput>, Vec<i64>, ScalarMatrix), InferenceError> {
    let dense = layer.is_dense();
    let output = if dense {
        from.classes(layer.shape.channels)
    } else {
        let step = layer.terms.first().map_or(1, |term| stride(&term.map));
        from.strided(layer.shape, step).ok_or_else(|| {
            let Shape { height, width, .. } = layer.shape;
            unsupported(
                layer,
                &format!("its plane of {height}x{width} does not fill {} tiles; use another layout", from.tiles()),
            )
        })?
    };
    let mut inputs = LayerInputs::default();
    let mut terms = Vec::new();
    for Term { source, map } in &layer.terms {
        let Layout::Tiled(layout) = builder.source_layout(*source, layer)? else {
            return Err(unsupported(layer, "its terms have different layouts"));
        };
        let same = match map {
            LinearMap::Dense { .. } => layout == *from,
            _ => !dense && layout.strided(layer.shape, stride(map)) == Some(output),
        };
        if !same {
            return Err(unsupported(layer, "its terms have different strides in all, or are dense in part"));
        }
        let input = LayerInput { source: *source, packing: Packing::Real };
        terms.push(TiledTerm { map, layout, first_input: inputs.first(input, layout.ciphertexts()) });
    }
    let matrix = matrix(&terms, &output).ok_or_else(|| unsupported(layer, "its kernel is no window of the plane"))?;
    let sums = if dense { from.sums(summed(&terms)) } else { Vec::new() };
    let level = |source| InferenceError::Layer { name: layer.name.clone(), level: 0, source };
    Ok((output, inputs.inputs, sums, matrix.map_err(level)?))
}
