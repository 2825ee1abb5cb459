//! A network after folding and redistribution: linear layers and squarings, nothing else.
//!
//! This is what encrypted inference sees. Every layer is `act(sum_t map_t(source_t) + bias)`, where a source is the
//! encrypted input image or the (already activated) output of an earlier layer.

use serde::{Deserialize, Serialize};

/// Channels, rows and columns of a layer's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shape {
    /// Number of channels.
    pub channels: usize,
    /// Number of rows.
    pub height: usize,
    /// Number of columns.
    pub width: usize,
}

impl Shape {
    /// A shape of `channels` x `height` x `width`.
    pub const fn new(channels: usize, height: usize, width: usize) -> Self {
        Self { channels, height, width }
    }

    /// Number of values.
    pub const fn len(&self) -> usize {
        self.channels * self.height * self.width
    }

    /// Whether there is no value at all.
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Where a term of a linear layer reads from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// The normalised input image.
    Input,
    /// The activated output of the layer with this index.
    Layer(usize),
}

/// A linear map between two shapes.
#[derive(Debug, Clone, PartialEq)]
pub enum LinearMap {
    /// A 2-D convolution with zero padding. With `groups` groups (PyTorch's meaning) output channel o reads only the
    /// `in_channels / groups` channels of its group, o / (out_channels / groups), and
    /// `weights[((o * in_channels / groups + c) * kernel + ky) * kernel + kx]` is its weight on channel c of them.
    Convolution {
        /// Row-major `[out_channels, in_channels / groups, kernel, kernel]`.
        weights: Vec<f64>,
        /// Number of output channels.
        out_channels: usize,
        /// Number of input channels.
        in_channels: usize,
        /// Kernel height and width.
        kernel: usize,
        /// Stride in both directions.
        stride: usize,
        /// Zero padding on every side.
        padding: usize,
        /// Number of groups; divides both numbers of channels.
        groups: usize,
    },
    /// A factor per channel: the shortcut without weights, with what neighbouring activations have moved into it.
    ChannelScale {
        /// One factor per channel of the source.
        factors: Vec<f64>,
        /// Where the channels go.
        placement: Placement,
    },
    /// A dense layer over all values of the source: average pooling and the classifier in one map.
    /// `weights[k * source.len() + (c * height + y) * width + x]`.
    Dense {
        /// Row-major `[outputs, channels, height, width]`.
        weights: Vec<f64>,
        /// Number of outputs.
        outputs: usize,
    },
}

/// Where a factor per channel takes the channels of its source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Placement {
    /// Every so many-th row and column is taken.
    pub stride: usize,
    /// Channels of zeros before those of each group.
    pub before: usize,
    /// Channels of zeros after those of each group.
    pub after: usize,
    /// Groups of equally many channels: 1, or the members of an ensemble. Divides the number of channels.
    pub groups: usize,
}

impl Placement {
    /// All channels stay where they are.
    pub const IDENTITY: Self = Self { stride: 1, before: 0, after: 0, groups: 1 };
}

/// One term of a linear layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// What the map is applied to.
    pub source: Source,
    /// The map.
    pub map: LinearMap,
}

/// What follows the linear part of a layer.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Activation {
    /// Nothing: the logits, or a linear map that is not merged with the next.
    None,
    /// `x -> x^2 - centre`; the coefficients of the quadratic live in the neighbouring linear maps (method section 3).
    Square,
    /// `x -> x^2 + linear x - centre`; the leading coefficient lives in the neighbouring convolutions.
    Monic {
        /// One coefficient per channel.
        linear: Vec<f64>,
    },
    /// `x -> leading x^2 + linear x - centre`: nothing has been moved.
    Full {
        /// One coefficient per channel.
        leading: Vec<f64>,
        /// One coefficient per channel.
        linear: Vec<f64>,
    },
}

impl Activation {
    /// What it is, in a word.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Square => "square",
            Self::Monic { .. } => "monic",
            Self::Full { .. } => "full",
        }
    }

    /// Its coefficients by channel: of the square and of the linear part; `None` for those that are not there.
    #[must_use]
    pub const fn coefficients(&self) -> [Option<&Vec<f64>>; 2] {
        match self {
            Self::None | Self::Square => [None, None],
            Self::Monic { linear } => [None, Some(linear)],
            Self::Full { leading, linear } => [Some(leading), Some(linear)],
        }
    }
}

/// `activation(sum of terms + bias)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Name of the producing layer in PyTorch terms, such as `layer1.0.conv2`.
    pub name: String,
    /// The terms; all of them have shape `shape`.
    pub terms: Vec<Term>,
    /// One value per output value (`shape.len()`), row-major `[channels, height, width]`.
    pub bias: Vec<f64>,
    /// Shape of the output.
    pub shape: Shape,
    /// What follows.
    pub activation: Activation,
    /// Subtracted from each channel's squares (`shape.channels` values; none without a squaring): about their mean, so
    /// that values under encryption are small. The layers that read them account for it.
    pub centre: Vec<f64>,
}

impl Layer {
    /// Whether some term is a dense map.
    #[must_use]
    pub fn is_dense(&self) -> bool {
        self.terms.iter().any(|term| matches!(term.map, LinearMap::Dense { .. }))
    }

    /// For each channel the coefficients `[a, b, c]` of the activation `x -> (a x + b) x + c`; empty without an activation.
    #[must_use]
    pub fn quadratics(&self) -> Vec<[f64; 3]> {
        let [leading, linear] = self.activation.coefficients();
        let of = |values: Option<&Vec<f64>>, channel: usize, absent: f64| {
            values.and_then(|values| values.get(channel).copied()).unwrap_or(absent)
        };
        let centres = self.centre.iter().enumerate();
        centres.map(|(channel, centre)| [of(leading, channel, 1.0), of(linear, channel, 0.0), -centre]).collect()
    }
}

/// A network of linear layers and squarings, in topological order. The last layer gives the logits.
#[derive(Debug, Clone, PartialEq)]
pub struct LoweredNetwork {
    /// Shape of the input image.
    pub input: Shape,
    /// The layers; a source refers to an earlier index only.
    pub layers: Vec<Layer>,
    /// Networks whose mean this is: 1, or what [`merge`](super::merge) was given.
    pub members: usize,
}
