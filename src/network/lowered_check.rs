//! Whether the parts of a lowered network fit together.

use super::error::NetworkError;
use super::lowered::{Activation, Layer, LinearMap, LoweredNetwork, Shape, Source};

impl LoweredNetwork {
    /// Shape of what `source` refers to; `None` for a layer that does not exist.
    pub fn source_shape(&self, source: Source) -> Option<Shape> {
        match source {
            Source::Input => Some(self.input),
            Source::Layer(index) => self.layers.get(index).map(|layer| layer.shape),
        }
    }

    /// Number of logits; 0 for a network without layers.
    pub fn classes(&self) -> usize {
        self.layers.last().map_or(0, |layer| layer.shape.len())
    }

    /// Checks that sources come earlier, that shapes and lengths fit, and that every number is finite.
    ///
    /// # Errors
    /// [`NetworkError::Lowered`] for the first part that does not fit.
    pub fn check(&self) -> Result<(), NetworkError> {
        self.check_shapes()?;
        for layer in &self.layers {
            let weights = layer.terms.iter().flat_map(|term| match &term.map {
                LinearMap::Convolution { weights, .. } | LinearMap::Dense { weights, .. } => weights,
                LinearMap::ChannelScale { factors, .. } => factors,
            });
            let coefficients = layer.activation.coefficients().into_iter().flatten().flatten();
            let constants = layer.bias.iter().chain(&layer.centre).chain(coefficients);
            let Some(bad) = weights.chain(constants).find(|value| !value.is_finite()) else {
                continue;
            };
            return Err(problem(&layer.name, "a weight or bias", bad, "finite numbers"));
        }
        Ok(())
    }

    /// As [`check`](Self::check), without looking at the numbers.
    pub(super) fn check_shapes(&self) -> Result<(), NetworkError> {
        if self.layers.is_empty() || self.input.is_empty() {
            let found = format!("{} layers on {:?}", self.layers.len(), self.input);
            return Err(problem("input", "the network", found, "at least one layer and a non-empty input"));
        }
        self.layers.iter().enumerate().try_for_each(|(index, layer)| self.check_layer(index, layer))
    }

    fn check_layer(&self, index: usize, layer: &Layer) -> Result<(), NetworkError> {
        let name = &layer.name;
        if layer.bias.len() != layer.shape.len() || layer.shape.is_empty() {
            let expected = format!("{} values, at least 1", layer.shape.len());
            return Err(problem(name, "the bias's length", layer.bias.len(), expected));
        }
        let centres = if layer.activation == Activation::None { 0 } else { layer.shape.channels };
        if layer.centre.len() != centres {
            return Err(problem(name, "the number of centres", layer.centre.len(), centres));
        }
        if let Some(wrong) = layer.activation.coefficients().into_iter().flatten().find(|c| c.len() != centres) {
            return Err(problem(name, "the number of coefficients", wrong.len(), centres));
        }
        for term in &layer.terms {
            if let Source::Layer(from) = term.source
                && from >= index
            {
                return Err(problem(name, "the source", format!("layer {from}"), format!("a layer below {index}")));
            }
            let source = self.source_shape(term.source).unwrap_or(self.input);
            let found = term.map.output_shape(source);
            if found != Some(layer.shape) {
                return Err(problem(name, "the shape of a term", format!("{found:?}"), format!("{:?}", layer.shape)));
            }
        }
        Ok(())
    }
}

fn problem(layer: &str, what: &'static str, found: impl ToString, expected: impl ToString) -> NetworkError {
    NetworkError::Lowered { layer: layer.to_owned(), what, found: found.to_string(), expected: expected.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::random::tests::tiny;

    #[test]
    fn damage_is_named_by_layer() {
        let sound = tiny(2).lower().unwrap();
        sound.check().unwrap();
        let text = |damage: &dyn Fn(&mut LoweredNetwork)| {
            let mut network = sound.clone();
            damage(&mut network);
            network.check().unwrap_err().to_string()
        };
        assert!(text(&|n| n.layers.clear()).contains("at least one layer"));
        assert!(
            text(&|n| _ = n.layers[1].bias.pop()).starts_with("lowered layer `layer1.0.conv1`: the bias's length is")
        );
        assert!(
            text(&|n| n.layers[2].terms[0].source = Source::Layer(2)).contains("is layer 2, expected a layer below 2")
        );
        assert!(text(&|n| n.layers[2].terms[0].source = Source::Input).contains("the shape of a term is None"));
        assert!(text(&|n| n.layers[2].centre.clear()).contains("the number of centres is 0"));
        let monic = |linear: Vec<f64>| Activation::Monic { linear };
        assert!(text(&|n| n.layers[2].activation = monic(vec![1.0])).contains("the number of coefficients is 1"));
        assert!(text(&|n| n.layers[2].activation = monic(vec![f64::NAN; 3])).contains("a weight or bias is NaN"));
        assert!(text(&|n| n.layers[3].bias[0] = f64::NAN).contains("a weight or bias is NaN"));
    }
}
