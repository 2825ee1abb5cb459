//! What a layer does one after the other, and what of it costs a level: the one rule from which a chain's length follows.

use crate::ckks::Parameters;
use crate::network::lowered::{Activation, LoweredNetwork, Source};

/// A part of a layer's computation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// The linear map with its rescale, and the bias.
    Linear,
    /// The square.
    Square,
    /// A rescale of the square by a prime of its own: no tower reuse.
    Rescale,
    /// The square times the leading coefficient, and a rescale.
    Leading,
    /// Plus a multiple of the linear map's value.
    Multiple,
    /// Less the centre.
    Centre,
}

impl Stage {
    /// Levels that it costs: one for each rescale on the way of a layer's value.
    pub const fn levels(self) -> usize {
        match self {
            Self::Linear | Self::Rescale | Self::Leading => 1,
            Self::Square | Self::Multiple | Self::Centre => 0,
        }
    }

    /// The stages of a layer with this activation.
    pub fn of(activation: &Activation, tower_reuse: bool) -> Vec<Self> {
        let mut stages = vec![Self::Linear];
        if *activation != Activation::None {
            let [leading, multiple] = activation.coefficients().map(|coefficient| coefficient.is_some());
            stages.extend(Self::of_activation(leading, multiple, tower_reuse));
        }
        stages
    }

    /// The stages of an activation; whether it has a leading coefficient and a multiple of the linear map's value.
    pub fn of_activation(leading: bool, multiple: bool, tower_reuse: bool) -> impl Iterator<Item = Self> {
        let stages = [
            (true, Self::Square),
            (!tower_reuse, Self::Rescale),
            (leading, Self::Leading),
            (multiple, Self::Multiple),
            (true, Self::Centre),
        ];
        stages.into_iter().filter_map(|(has, stage)| has.then_some(stage))
    }
}

/// Scales of a layer's linear map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LinearScales {
    /// Of its weights.
    pub weights: f64,
    /// Of what it makes.
    pub made: f64,
}

impl LinearScales {
    /// Those of layer number `index`, whose inputs have `limbs` limbs and the scale `read`: what later layers read without a squaring
    /// has the scale of a square.
    pub fn of(
        network: &LoweredNetwork,
        index: usize,
        tower_reuse: bool,
        parameters: &Parameters,
        (limbs, read): (usize, f64),
    ) -> Self {
        let is_read_as_it_is = network.layers[index].activation == Activation::None && index + 1 < network.layers.len();
        let made = parameters.scale().powi(if is_read_as_it_is && tower_reuse { 2 } else { 1 });
        Self { weights: parameters.weight_scale_for(limbs, read) * made / parameters.scale(), made }
    }
}

/// Limbs that each layer's inputs have: as few as the layers that read its value leave it.
pub fn input_limbs(network: &LoweredNetwork, tower_reuse: bool) -> Vec<usize> {
    let levels: Vec<usize> = network
        .layers
        .iter()
        .map(|layer| Stage::of(&layer.activation, tower_reuse).into_iter().map(Stage::levels).sum())
        .collect();
    // A result needs one limb.
    let mut limbs: Vec<usize> = levels.iter().map(|levels| 1 + levels).collect();
    for (index, layer) in network.layers.iter().enumerate().rev() {
        for term in &layer.terms {
            if let Source::Layer(source) = term.source {
                limbs[source] = limbs[source].max(limbs[index] + levels[source]);
            }
        }
    }
    limbs
}
