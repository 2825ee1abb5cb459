//! A wide network that begins as a trained narrow one (Net2Net, Chen et al., arXiv 1511.05641, section 2.2).
//!
//! Every channel becomes several copies, and what reads them divides its weights among them. Equal shares would leave the copies
//! equal for ever, since their gradients are. So the shares of one channel's copies get noise that adds up to zero: the function stays
//! the same, and the copies learn different things from the first step on.

use super::error::NetworkError;
use super::graph::{Graph, Node, Operation};
use super::instance::Network;
use super::lowered::Shape;
use super::random::Normal;
use super::weights::{Tensor, Weights};

/// The noise in units of what keeps weights at their natural size: with 1, those that are divided among m copies keep an m-th of
/// their mean square, as the weights of a network have that was wide from the beginning, so that the same learning rates suit both.
const NOISE: f64 = 1.0;

/// Weights with which `graph`, of a multiple of `narrow`'s channels, computes what `narrow` does; with as many channels they are
/// `narrow`'s own. Left out is what `narrow` lacks, or has for other numbers of classes or stages. `seed` draws the noise.
///
/// # Errors
/// [`NetworkError::NotWider`] if the channels of the first stage are no multiple of `narrow`'s, or if the classifier of `graph` sees
/// averages over more of the plane.
pub fn widened(narrow: &Network, graph: &Graph, seed: u64) -> Result<Weights, NetworkError> {
    let (old, new) = (width(narrow.graph()), width(graph));
    if old == new {
        return Ok(narrow.weights().clone());
    }
    let impossible = |problem| NetworkError::NotWider { old, new, problem };
    let pads = |graph: &Graph| graph.nodes().iter().any(|node| matches!(node.operation, Operation::PadChannels(_)));
    if pads(narrow.graph()) || pads(graph) {
        return Err(impossible(
            "shortcuts that pad take copies of a channel elsewhere than convolutions do; choose initial weights whose card says `shortcut: \
             projection`",
        ));
    }
    if !new.is_multiple_of(old) {
        return Err(impossible("choose a width that is a multiple of theirs"));
    }
    let copies = new / old;
    let mut noise = Normal::new(seed);
    let mut weights = Weights::new();
    for node in graph.nodes() {
        let Some(from) = narrow.graph().nodes().iter().find(|from| from.name == node.name) else { continue };
        let (Some(read), Some(from_read)) = (input(graph, node), input(narrow.graph(), from)) else { continue };
        let reading = match node.operation {
            Operation::Linear { .. } if node.shape != from.shape || read.channels != copies * from_read.channels => {
                continue;
            }
            Operation::Linear { .. } => Reading::classifier(from_read, read)
                .ok_or_else(|| impossible(
                    "its classifier sees averages over more of the plane; choose initial weights whose card says `pool: global`",
                ))?,
            _ if node.shape.channels != copies * from.shape.channels => continue,
            Operation::Convolution { kernel, .. } => Reading::convolution(from_read, read, kernel),
            _ => Reading::default(),
        };
        for parameter in node.parameters() {
            let Some(known) = narrow.weights().get(&parameter.name) else { continue };
            let matrix = parameter.name.ends_with(".weight") && parameter.shape.len() > 1;
            let values = if matrix {
                reading.divided(known.values(), parameter.shape[0], &mut noise)
            } else {
                let times = parameter.shape.iter().product::<usize>() / known.values().len().max(1);
                known.values().repeat(times)
            };
            if let Some(tensor) = Tensor::new(parameter.shape, values) {
                weights.insert(parameter.name, tensor);
            }
        }
    }
    Ok(weights)
}

/// How a layer reads its input's channels. Copy k of channel c is channel `c + k channels`.
#[derive(Default)]
struct Reading {
    /// Channels of the narrow network.
    channels: usize,
    /// Copies of each.
    copies: usize,
    /// Weights that the narrow layer has for a channel.
    old_places: usize,
    /// Which of them each weight of the wide layer comes from.
    places: Vec<usize>,
}

impl Reading {
    /// A convolution, whose kernel stays. The image's channels are not copied.
    fn convolution(old: Shape, new: Shape, kernel: usize) -> Self {
        let places: Vec<usize> = (0..kernel * kernel).collect();
        Self { channels: old.channels, copies: new.channels / old.channels.max(1), old_places: places.len(), places }
    }

    /// A classifier, which may see averages over less of the plane than the narrow one: those share its weights equally.
    fn classifier(old: Shape, new: Shape) -> Option<Self> {
        let finer = |old: usize, new: usize| new.is_multiple_of(old).then(|| new / old);
        let (rows, columns) = (finer(old.height, new.height)?, finer(old.width, new.width)?);
        let place = |place: usize| place / new.width / rows * old.width + place % new.width / columns;
        Some(Self {
            channels: old.channels,
            copies: new.channels / old.channels,
            old_places: old.height * old.width,
            places: (0..new.height * new.width).map(place).collect(),
        })
    }

    /// The wide layer's weights for `outputs` output channels from the narrow one's, both `[outputs, channels, places]`.
    fn divided(&self, known: &[f64], outputs: usize, noise: &mut Normal) -> Vec<f64> {
        let Self { channels, copies, old_places, ref places } = *self;
        let share = old_places as f64 / (copies * places.len()) as f64;
        let mean_square = known.iter().map(|weight| weight * weight).sum::<f64>() / known.len() as f64;
        let deviation = NOISE * (mean_square * copies as f64).sqrt() * share;
        let mut wide = Vec::with_capacity(outputs * channels * copies * places.len());
        for old_row in known.chunks_exact(channels * old_places).cycle().take(outputs) {
            let row = wide.len();
            wide.resize(row + channels * copies * places.len(), 0.0);
            for (channel, old) in old_row.chunks_exact(old_places).enumerate() {
                for (place, &old_place) in places.iter().enumerate() {
                    let draws: Vec<f64> = (0..copies).map(|_| noise.next()).collect();
                    let mean = draws.iter().sum::<f64>() / copies as f64;
                    for (copy, draw) in draws.into_iter().enumerate() {
                        let at = row + (channel + copy * channels) * places.len() + place;
                        wide[at] = old[old_place] * share + deviation * (draw - mean);
                    }
                }
            }
        }
        wide
    }
}

/// Channels of the first convolution.
fn width(graph: &Graph) -> usize {
    graph.nodes().get(1).map_or(0, |stem| stem.shape.channels)
}

/// The shape that a node reads.
fn input(graph: &Graph, node: &Node) -> Option<Shape> {
    node.inputs.first().map(|&input| graph.nodes()[input].shape)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dataset::{DatasetName, shipped_test_images};
    use crate::network::plain::PlainNetwork;
    use crate::network::{ActivationKind, Architecture, Model};
    use std::path::Path;

    const SHIPPED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/models/resnet20_w16_cifar10_herpn_seed0.safetensors");

    fn architecture(name: &str, width: usize, activation: ActivationKind) -> Architecture {
        Architecture { activation, ..Architecture::named(name, width, 10).unwrap() }
    }

    /// The logits of the first shipped images.
    fn logits(network: &Network, images: usize) -> Vec<f32> {
        let model = Model::random("resnet20", 1, DatasetName::Cifar10, 0).unwrap();
        let images = &shipped_test_images(DatasetName::Cifar10).unwrap().images[..images];
        let inputs = model.card.normalisation.apply_all(images);
        PlainNetwork::new(network).unwrap().forward(&inputs).unwrap().logits
    }

    fn wide(narrow: &Network, name: &str, width: usize, activation: ActivationKind, seed: u64) -> Network {
        let graph = architecture(name, width, activation).graph().unwrap();
        let weights = widened(narrow, &graph, seed).unwrap();
        Network::new(graph, weights).unwrap()
    }

    #[test]
    fn a_wider_network_computes_the_same_and_its_copies_differ() {
        use ActivationKind::{Quadratic, Relu};
        // Width 64 has the head that sees averages over quarters of the plane.
        for (name, from, to, activation) in [
            ("resnet20", 2, 6, Relu),
            ("resnet20", 2, 6, Quadratic),
            ("resnet20", 16, 64, Relu),
            ("resnet18", 2, 4, Quadratic),
        ] {
            let narrow = Network::random(&architecture(name, from, activation), 5).unwrap();
            let wide = wide(&narrow, name, to, activation, 1);
            for (old, new) in logits(&narrow, 2).iter().zip(logits(&wide, 2)) {
                assert!((old - new).abs() < 1e-4, "{name} {from} {to} {activation:?}: {old} {new}");
            }
            // The first block's second convolution reads copies of every channel, each by a weight of its own.
            let weights = wide.weights().get("layer1.0.conv2.weight").unwrap().values();
            let old = narrow.weights().get("layer1.0.conv2.weight").unwrap().values();
            let read = |copy: usize| weights[(copy * from) * 9];
            assert!((1..to / from).all(|copy| read(copy) != read(0)));
            let sum: f64 = (0..to / from).map(read).sum();
            assert!((sum - old[0]).abs() < 1e-12, "{sum} {}", old[0]);
            // Natural size: the mean square is divided by the copies.
            let mean_square = |values: &[f64]| values.iter().map(|x| x * x).sum::<f64>() / values.len() as f64;
            let ratio = mean_square(weights) / mean_square(old) * (to / from) as f64;
            assert!((0.7..1.3).contains(&ratio), "{ratio}");
        }
    }

    #[test]
    fn a_trained_network_stays_as_good() {
        let narrow = Model::load(Path::new(SHIPPED)).unwrap().network;
        let wide = wide(&narrow, "resnet20", 32, ActivationKind::Quadratic, 3);
        let (old, new) = (logits(&narrow, 20), logits(&wide, 20));
        assert!(old.iter().zip(&new).all(|(old, new)| (old - new).abs() < 1e-3 * old.abs().max(1.0)));
    }

    #[test]
    fn what_cannot_begin_says_why_and_what_differs_is_left_out() {
        let of = |width| Network::random(&architecture("resnet20", width, ActivationKind::Relu), 1).unwrap();
        let text = |from: usize, to: usize| {
            widened(&of(from), &architecture("resnet20", to, ActivationKind::Relu).graph().unwrap(), 0)
                .unwrap_err()
                .to_string()
        };
        let said = "weights of a network 4 wide cannot begin one 6 wide: choose a width that is a multiple of theirs";
        assert_eq!(text(4, 6), said);
        assert!(text(4, 2).contains("a multiple of theirs"));
        assert!(text(64, 128).contains("its classifier sees averages over more of the plane"));
        let narrow = of(2);
        assert_eq!(widened(&narrow, narrow.graph(), 0).unwrap(), *narrow.weights());
        let deeper = Architecture::named("resnet32", 4, 100).unwrap().graph().unwrap();
        let weights = widened(&narrow, &deeper, 0).unwrap();
        for left_out in ["linear.weight", "linear.bias", "layer1.3.conv1.weight", "act1.coefficients"] {
            assert!(weights.get(left_out).is_none(), "{left_out}");
        }
        assert_eq!(weights.get("layer3.0.shortcut.bn.running_var").unwrap().shape(), [16]);
    }
}
