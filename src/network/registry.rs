//! The registry of architectures: what has a name. Lists of names, error texts, tables and the schema follow from it.

use super::architecture::{Architecture, Block, Head, Shortcut, Stage, bounded};
use super::error::NetworkError;
use super::graph::ActivationKind;
use super::lowered::Shape;

/// An architecture with a name.
#[derive(Debug, Clone, Copy)]
pub struct NamedArchitecture {
    /// Name, such as `resnet20`.
    pub name: &'static str,
    /// Channels of the first stage, as first published.
    pub standard_width: usize,
    /// Channels of the first stage in the paper (method section 1); none: the paper does not have it.
    pub paper_width: Option<usize>,
    /// The chain of primes that the article's code has for it; none: the paper does not have the network.
    pub paper_chain: Option<PaperChain>,
    /// What it is made of, for channels of the first stage.
    build: fn(width: usize) -> Parts,
}

/// A chain of primes of the article's code (method section 11), as its commands have it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PaperChain {
    /// log2 of the ring dimension.
    pub log_n: u32,
    /// Bits of primes, and how many there are, the special one last.
    pub primes: &'static [(u32, u32)],
}

/// What an architecture is made of.
struct Parts {
    block: Block,
    stages: Vec<Stage>,
    head: Head,
}

/// All architectures with a name.
pub const REGISTRY: &[NamedArchitecture] = &[
    NamedArchitecture {
        name: "resnet18",
        standard_width: 64,
        paper_width: Some(64),
        paper_chain: Some(PaperChain { log_n: 15, primes: &[(44, 18), (23, 1), (54, 1)] }),
        // It ends at 4x4, where this is the global average pool.
        build: |width| residual(&[2, 2, 2, 2], width, Head::AveragePool { size: 4 }),
    },
    NamedArchitecture {
        name: "resnet20",
        standard_width: 16,
        paper_width: Some(64),
        paper_chain: Some(PaperChain { log_n: 15, primes: &[(42, 20), (22, 1), (44, 1)] }),
        build: |width| residual(&[3, 3, 3], width, paper_head(width)),
    },
    NamedArchitecture {
        name: "resnet32",
        standard_width: 16,
        paper_width: Some(64),
        paper_chain: Some(PaperChain { log_n: 16, primes: &[(52, 32), (27, 1), (54, 1)] }),
        build: |width| residual(&[5, 5, 5], width, paper_head(width)),
    },
    NamedArchitecture {
        name: "resnet44",
        standard_width: 16,
        paper_width: None,
        paper_chain: None,
        build: |width| residual(&[7, 7, 7], width, Head::GlobalAveragePool),
    },
    NamedArchitecture {
        name: "resnet56",
        standard_width: 16,
        paper_width: None,
        paper_chain: None,
        build: |width| residual(&[9, 9, 9], width, Head::GlobalAveragePool),
    },
    NamedArchitecture {
        name: "vgg16",
        standard_width: 64,
        paper_width: Some(64),
        paper_chain: Some(PaperChain { log_n: 15, primes: &[(54, 1), (50, 15), (25, 1), (54, 1)] }),
        // The stem is the first of two convolutions of the first stage. Head: 512-512-classes at the paper's width.
        build: |width| Parts {
            block: Block::Plain,
            stages: [(1, 1), (2, 2), (3, 4), (3, 8), (3, 8)]
                .map(|(blocks, factor)| Stage { blocks, channels: factor * width, stride: 2 })
                .to_vec(),
            head: Head::Connected { layers: 2, units: 8 * width },
        },
    },
];

/// Stages of as many basic blocks, each with twice the channels and half the plane of the one before.
fn residual(blocks: &[usize], width: usize, head: Head) -> Parts {
    let stage = |(index, &blocks)| Stage { blocks, channels: width << index, stride: if index == 0 { 1 } else { 2 } };
    Parts { block: Block::Basic, stages: blocks.iter().enumerate().map(stage).collect(), head }
}

/// The paper's networks have width 64 and an average pool 4 on 8x8, so 2x2 values of a channel reach the classifier; other
/// widths have He et al.'s global average pool.
const fn paper_head(width: usize) -> Head {
    if width == 64 { Head::AveragePool { size: 4 } } else { Head::GlobalAveragePool }
}

/// The names.
pub fn names() -> impl Iterator<Item = &'static str> {
    REGISTRY.iter().map(|known| known.name)
}

/// The names in a sentence, such as `resnet18, resnet20 or resnet32`.
#[must_use]
pub fn names_in_words() -> String {
    let names: Vec<&str> = names().collect();
    match names.as_slice() {
        [several @ .., last] if !several.is_empty() => format!("{} or {last}", several.join(", ")),
        names => names.join(""),
    }
}

/// The entry of a name.
///
/// # Errors
/// [`NetworkError::UnknownNetwork`].
pub fn known(name: &str) -> Result<&'static NamedArchitecture, NetworkError> {
    let unknown = || NetworkError::UnknownNetwork { name: name.to_owned(), known: names_in_words() };
    REGISTRY.iter().find(|known| known.name == name).ok_or_else(unknown)
}

impl Architecture {
    /// An architecture of the registry for 32x32 colour images, with `width` channels in the first stage; projections, quadratic activations,
    /// batch normalisation epsilon 1e-5.
    ///
    /// # Errors
    /// [`NetworkError::UnknownNetwork`]; [`NetworkError::Architecture`] if `width` or `classes` is 0 or too large.
    pub fn named(name: &str, width: usize, classes: usize) -> Result<Self, NetworkError> {
        let known = known(name)?;
        bounded(name, "width", width)?;
        let Parts { block, stages, head } = (known.build)(width);
        let architecture = Self {
            name: name.to_owned(),
            input: Shape::new(3, 32, 32),
            stem_channels: width,
            block,
            stages,
            shortcut: Shortcut::Projection,
            head,
            classes,
            activation: ActivationKind::Quadratic,
            batch_norm_epsilon: 1e-5,
        };
        architecture.check()?;
        Ok(architecture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Pool;

    fn parameters(name: &str, width: usize) -> usize {
        Architecture::named(name, width, 10).unwrap().graph().unwrap().trained_parameter_count()
    }

    #[test]
    fn parameter_counts_are_the_published_ones() {
        // Method section 1.
        assert_eq!(parameters("resnet18", 64), 11_173_962);
        assert_eq!(parameters("resnet20", 64), 4_335_434);
        assert_eq!(parameters("resnet32", 64), 7_435_594);
        // VGG-16 with one connected layer is printed by implementations as 14,728,266, biases of its 13 convolutions (4,224) included;
        // here are two more of 512 to 512 with batch normalisation.
        assert_eq!(parameters("vgg16", 64), 14_728_266 - 4_224 + 2 * (512 * 512 + 2 * 512));
        // He et al. 2016, table 6, print 0.27 M.
        assert_eq!((parameters("resnet20", 16) + 5_000) / 10_000, 27);
        // With shortcuts that have no parameters, as there; to the last digit as implementations print them.
        let padded = |name| {
            let architecture = Architecture::named(name, 16, 10).unwrap().with(Shortcut::Pad, Pool::Standard);
            architecture.graph().unwrap().trained_parameter_count()
        };
        let counts = ["resnet20", "resnet32", "resnet44", "resnet56"].map(padded);
        assert_eq!(counts, [269_722, 464_154, 658_586, 853_018]);
    }

    #[test]
    fn a_name_says_the_depth() {
        for known in REGISTRY {
            let depth: usize = known.name.trim_start_matches(char::is_alphabetic).parse().unwrap();
            let graph = Architecture::named(known.name, 4, 10).unwrap().graph().unwrap();
            // An activation after every convolution on the way, and the classifier.
            assert_eq!(graph.activation_sites().len() + 1, depth, "{}", known.name);
        }
    }

    #[test]
    fn every_entry_is_a_network_of_its_own() {
        for (index, known) in REGISTRY.iter().enumerate() {
            assert_eq!(names().position(|name| name == known.name), Some(index));
            for width in [known.standard_width, known.paper_width.unwrap_or(known.standard_width)] {
                assert!(parameters(known.name, width) > 0, "{}", known.name);
            }
        }
    }

    #[test]
    fn unknown_names_are_answered_with_the_known_ones() {
        let text = Architecture::named("resnet57", 16, 10).unwrap_err().to_string();
        assert_eq!(text, format!("unknown network `resnet57`: write {}", names_in_words()));
        assert!(text.contains(": write resnet18, resnet20, "), "{text}");
        assert!(text.ends_with(&format!(" or {}", names().last().unwrap())), "{text}");
    }
}
