//! Clear-text evaluation of a lowered network in double precision: what encrypted layers are compared with.

use super::error::NetworkError;
use super::lowered::{Activation, Layer, LoweredNetwork, Source};

/// What each layer of a lowered network computes on one image.
#[derive(Debug, Clone, PartialEq)]
pub struct LoweredTrace {
    /// For each layer, the sum of terms and bias before the squaring, row-major `[channels, height, width]`. May hold
    /// infinities and NaN if the image explodes.
    pub linear: Vec<Vec<f64>>,
}

impl LoweredTrace {
    /// The logits: the last layer's values.
    pub fn logits(&self) -> &[f64] {
        self.linear.last().map_or(&[], Vec::as_slice)
    }

    /// For each layer the largest magnitude before the squaring; infinity where a value is not finite.
    pub fn largest(&self) -> Vec<f64> {
        let magnitude = |value: &f64| if value.is_finite() { value.abs() } else { f64::INFINITY };
        self.linear.iter().map(|layer| layer.iter().map(magnitude).fold(0.0, f64::max)).collect()
    }
}

impl LoweredNetwork {
    /// Evaluates one normalised image, row-major `[channels, height, width]`, on one thread.
    ///
    /// # Errors
    /// [`NetworkError::InputLength`]; [`NetworkError::Lowered`] for a network whose parts do not fit together.
    pub fn forward(&self, image: &[f64]) -> Result<LoweredTrace, NetworkError> {
        self.check_shapes()?;
        if image.len() != self.input.len() {
            return Err(NetworkError::InputLength { expected: self.input.len(), found: image.len() });
        }
        let mut linear: Vec<Vec<f64>> = Vec::with_capacity(self.layers.len());
        let mut activated: Vec<Vec<f64>> = Vec::with_capacity(self.layers.len());
        let mut columns = Vec::new();
        for layer in &self.layers {
            let mut output = layer.bias.clone();
            for term in &layer.terms {
                let (values, shape) = match term.source {
                    Source::Input => (image, self.input),
                    Source::Layer(index) => (activated[index].as_slice(), self.layers[index].shape),
                };
                term.map.apply_add(values, shape, &mut output, layer.shape, &mut columns);
            }
            activated.push(activate(layer, &output));
            linear.push(output);
        }
        Ok(LoweredTrace { linear })
    }
}

/// The layer's activation of `values`.
fn activate(layer: &Layer, values: &[f64]) -> Vec<f64> {
    if layer.activation == Activation::None {
        return values.to_vec();
    }
    let plane = (layer.shape.height * layer.shape.width).max(1);
    let planes = values.chunks_exact(plane).zip(layer.quadratics());
    planes.flat_map(|(plane, [a, b, c])| plane.iter().map(move |x| (a * x + b) * x + c)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::lowered::{LinearMap, Placement, Shape, Term};

    #[test]
    fn two_layers_by_hand() {
        let layer = |source, map, bias: &[f64], activation| Layer {
            name: "layer".to_owned(),
            terms: vec![Term { source, map }],
            bias: bias.to_vec(),
            shape: Shape::new(bias.len(), 1, 1),
            centre: if activation == Activation::None { Vec::new() } else { vec![0.0, 6.0] },
            activation,
        };
        let scale = LinearMap::ChannelScale { factors: vec![2.0, -1.0], placement: Placement::IDENTITY };
        let dense = LinearMap::Dense { weights: vec![1.0, 10.0], outputs: 1 };
        let network = LoweredNetwork {
            input: Shape::new(2, 1, 1),
            layers: vec![
                layer(Source::Input, scale, &[1.0, 0.0], Activation::Square),
                layer(Source::Layer(0), dense, &[0.5], Activation::None),
            ],
            members: 1,
        };
        let trace = network.forward(&[3.0, 4.0]).unwrap();
        assert_eq!(trace.linear, [vec![7.0, -4.0], vec![49.0 + 10.0 * (16.0 - 6.0) + 0.5]]);
        assert_eq!((trace.logits(), trace.largest()), ([149.5].as_slice(), vec![7.0, 149.5]));
        assert_eq!(network.classes(), 1);
        assert!(matches!(network.forward(&[1.0]), Err(NetworkError::InputLength { expected: 2, found: 1 })));
        let with = |activation| {
            let mut network = network.clone();
            network.layers[0].activation = activation;
            network.forward(&[3.0, 4.0]).unwrap().logits()[0]
        };
        let linear = vec![3.0, 0.5];
        assert_eq!(with(Activation::Monic { linear: linear.clone() }), 49.0 + 21.0 + 10.0 * (16.0 - 2.0 - 6.0) + 0.5);
        let full = Activation::Full { leading: vec![0.5, -1.0], linear };
        assert_eq!(with(full), 24.5 + 21.0 + 10.0 * (-16.0 - 2.0 - 6.0) + 0.5);
        let exploded = network.forward(&[1e200, f64::NAN]).unwrap();
        assert_eq!(exploded.largest(), [f64::INFINITY, f64::INFINITY]);
    }
}
