//! Which network: blocks, stages, widths, head.

use super::error::NetworkError;
use super::graph::ActivationKind;
use super::lowered::{Placement, Shape};
use crate::choice::choice;

/// The largest number that an architecture may hold anywhere; far above every use, far below overflow.
const LIMIT: usize = 1 << 14;

/// What a stage is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Block {
    /// Two 3x3 convolutions beside a shortcut (He et al. 2016). The first convolution of a stage's first block has its stride.
    Basic,
    /// One 3x3 convolution (Simonyan and Zisserman 2015). Averages over squares of a stage's stride stand before the last activation of the stage.
    Plain,
}

/// Blocks of one width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stage {
    /// Number of blocks.
    pub blocks: usize,
    /// Output channels of each block.
    pub channels: usize,
    /// How many times fewer rows and columns leave the stage than enter it.
    pub stride: usize,
}

choice! {
    /// The shortcut of a block whose stride is not 1 or whose channels change.
    #[cfg_attr(feature = "harness", derive(clap::ValueEnum), value(rename_all = "snake_case"))]
    pub enum Shortcut {
        /// A 1x1 convolution with batch normalisation (option B of He et al. 2016).
        #[default]
        Projection = "projection",
        /// Every stride-th row and column, with as many channels of zeros before those of the input as after them (option A).
        Pad = "pad",
        /// As `pad`, with all channels of zeros after those of the input.
        PadAfter = "pad_after",
    }
}

impl Shortcut {
    /// Where a shortcut without weights takes `inputs` channels to make `outputs`; none: a projection.
    pub(super) fn placement(self, inputs: usize, outputs: usize, stride: usize) -> Option<Placement> {
        let zeros = outputs.saturating_sub(inputs);
        let before = match self {
            Self::Projection => return None,
            Self::Pad => zeros / 2,
            Self::PadAfter => 0,
        };
        Some(Placement { stride, before, after: zeros - before, groups: 1 })
    }
}

choice! {
    /// The average pool of a network's head.
    pub enum Pool {
        /// That of the architecture in the registry.
        #[default]
        Standard = "standard",
        /// Over the whole plane, at every width.
        Global = "global",
    }
}

/// What stands between the last block and the classifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Head {
    /// The average over the whole plane: one value per channel.
    GlobalAveragePool,
    /// Averages over disjoint squares, then all of them to the classifier.
    AveragePool {
        /// Rows and columns of the square.
        size: usize,
    },
    /// Fully connected layers with activations, on a plane of one pixel.
    Connected {
        /// Number of layers before the classifier.
        layers: usize,
        /// Outputs of each.
        units: usize,
    },
}

/// A network (method sections 1 and 11): 3x3 stride-1 stem, stages of blocks, head with a linear classifier.
#[derive(Debug, Clone, PartialEq)]
pub struct Architecture {
    /// Name, such as `resnet20`.
    pub name: String,
    /// Shape of the input image.
    pub input: Shape,
    /// Output channels of the first convolution.
    pub stem_channels: usize,
    /// What the stages are made of.
    pub block: Block,
    /// The stages, in order.
    pub stages: Vec<Stage>,
    /// The shortcut where the shape changes.
    pub shortcut: Shortcut,
    /// The head.
    pub head: Head,
    /// Number of classes.
    pub classes: usize,
    /// What follows each convolution and each addition.
    pub activation: ActivationKind,
    /// What batch normalisation adds to the variance.
    pub batch_norm_epsilon: f64,
}

impl Architecture {
    /// The same with another shortcut and average pool, where it has such.
    #[must_use]
    pub fn with(mut self, shortcut: Shortcut, pool: Pool) -> Self {
        if self.block == Block::Basic {
            self.shortcut = shortcut;
        }
        match (pool, self.head) {
            (Pool::Global, Head::AveragePool { .. }) => self.head = Head::GlobalAveragePool,
            (Pool::Standard | Pool::Global, _) => {}
        }
        self
    }

    pub(super) fn check(&self) -> Result<(), NetworkError> {
        let check = |key: &str, found| bounded(&self.name, key, found);
        check("input channels", self.input.channels)?;
        check("input height", self.input.height)?;
        check("input width", self.input.width)?;
        check("stem channels", self.stem_channels)?;
        check("number of stages", self.stages.len())?;
        check("number of classes", self.classes)?;
        for stage in &self.stages {
            check("blocks of a stage", stage.blocks)?;
            check("channels of a stage", stage.channels)?;
            check("stride of a stage", stage.stride)?;
        }
        if let Head::Connected { layers, units } = self.head {
            check("connected layers", layers)?;
            check("units of a connected layer", units)?;
        }
        let epsilon = self.batch_norm_epsilon;
        if epsilon.is_finite() && epsilon > 0.0 {
            return Ok(());
        }
        Err(NetworkError::Architecture {
            network: self.name.clone(),
            key: "batch normalisation epsilon".to_owned(),
            found: epsilon.to_string(),
            expected: "finite and above 0".to_owned(),
        })
    }
}

pub(super) fn bounded(network: &str, key: &str, found: usize) -> Result<(), NetworkError> {
    if (1..=LIMIT).contains(&found) {
        return Ok(());
    }
    Err(NetworkError::Architecture {
        network: network.to_owned(),
        key: key.to_owned(),
        found: found.to_string(),
        expected: format!("1 to {LIMIT}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_sees_what_the_paper_says() {
        let inputs = |name, width| {
            let graph = Architecture::named(name, width, 100).unwrap().graph().unwrap();
            let parameters = graph.parameters();
            let weight = parameters.iter().find(|p| p.name == "linear.weight").unwrap();
            (weight.shape[0], weight.shape[1])
        };
        assert_eq!(inputs("resnet20", 64), (100, 1024));
        assert_eq!(inputs("resnet20", 16), (100, 64));
        assert_eq!(inputs("resnet18", 64), (100, 512));
        let global = Architecture::named("resnet20", 64, 10).unwrap().with(Shortcut::Projection, Pool::Global);
        assert_eq!(global.head, Head::GlobalAveragePool);
        // What a network does not have cannot be another.
        let vgg = Architecture::named("vgg16", 4, 10).unwrap();
        assert_eq!(vgg.clone().with(Shortcut::Pad, Pool::Global), vgg);
    }

    #[test]
    fn impossible_numbers_are_named() {
        let text = |name, width, classes| Architecture::named(name, width, classes).unwrap_err().to_string();
        assert_eq!(text("resnet20", 0, 10), "network `resnet20`: width is 0, but must be 1 to 16384");
        assert_eq!(text("resnet20", usize::MAX, 10).split(", but").nth(1), Some(" must be 1 to 16384"));
        assert_eq!(text("resnet20", 16, 0), "network `resnet20`: number of classes is 0, but must be 1 to 16384");

        let mut odd = Architecture::named("resnet20", 4, 10).unwrap();
        odd.head = Head::AveragePool { size: 3 };
        let text = odd.graph().unwrap_err().to_string();
        assert_eq!(text, "network `resnet20`: average pool size is 3, but must be a divisor of 8 and 8");
        odd.batch_norm_epsilon = f64::NAN;
        assert!(odd.graph().is_err());
    }
}
