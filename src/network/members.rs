//! Ensembles: networks of one graph with different weights.

use super::error::NetworkError;
use super::lowered::{Activation, Layer, LinearMap, LoweredNetwork, Placement, Shape, Source, Term};

/// Checks that there is a member, that each is sound by itself, and that all are of the graph of the first.
///
/// # Errors
/// [`NetworkError::NoMembers`]; [`NetworkError::Member`] around what [`LoweredNetwork::check`] finds;
/// [`NetworkError::MemberGraph`] for the first difference to the first member.
pub fn check_members(members: &[LoweredNetwork]) -> Result<(), NetworkError> {
    let first = members.first().ok_or(NetworkError::NoMembers)?;
    for (member, network) in members.iter().enumerate() {
        network.check().map_err(|source| NetworkError::Member { member, source: Box::new(source) })?;
        same_graph(member, network, first)?;
    }
    Ok(())
}

fn same_graph(member: usize, network: &LoweredNetwork, first: &LoweredNetwork) -> Result<(), NetworkError> {
    let check = |what: &str, found: String, expected: String| match found == expected {
        true => Ok(()),
        false => Err(NetworkError::MemberGraph { member, what: what.to_owned(), found, expected }),
    };
    check("the input's shape", size(network.input), size(first.input))?;
    check("the number of layers", network.layers.len().to_string(), first.layers.len().to_string())?;
    for (index, (layer, expected)) in network.layers.iter().zip(&first.layers).enumerate() {
        check(&format!("layer {index}"), description(layer), description(expected))?;
    }
    Ok(())
}

/// All of a layer but its numbers.
fn description(layer: &Layer) -> String {
    let term = |Term { source, map }: &Term| {
        let source = match source {
            Source::Input => "the input".to_owned(),
            Source::Layer(index) => format!("layer {index}"),
        };
        match map {
            LinearMap::Convolution { out_channels, in_channels, kernel, stride, padding, groups, .. } => {
                let groups = if *groups == 1 { String::new() } else { format!(", groups {groups}") };
                format!(
                    "a convolution of {source} from {in_channels} to {out_channels} channels with kernel {kernel}, \
                     stride {stride}, padding {padding}{groups}"
                )
            }
            LinearMap::ChannelScale { placement: Placement { stride: 1, before: 0, after: 0, .. }, .. } => {
                format!("{source} with a factor per channel")
            }
            LinearMap::ChannelScale { placement: Placement { stride, before, after, .. }, .. } => format!(
                "{source} with a factor per channel, stride {stride}, between {before} and {after} channels of zeros"
            ),
            LinearMap::Dense { .. } => format!("a dense map of {source}"),
        }
    };
    let terms: Vec<String> = layer.terms.iter().map(term).collect();
    let terms = terms.join(" plus ");
    format!("`{}` of {} values: {terms}, activation {}", layer.name, size(layer.shape), layer.activation.kind())
}

fn size(shape: Shape) -> String {
    format!("{}x{}x{}", shape.channels, shape.height, shape.width)
}

/// The members of an ensemble one after the other: layers of one member follow each other, and the last reads all. What
/// [`merge`](super::merge) put beside each other in channels; a network of one member stays as it is.
///
/// # Errors
/// [`NetworkError::Lowered`] for channels that do not fall to members.
pub fn one_after_the_other(network: &LoweredNetwork) -> Result<LoweredNetwork, NetworkError> {
    let members = network.members;
    let Some((last, inner)) = network.layers.split_last().filter(|_| members > 1) else {
        return Ok(network.clone());
    };
    let mut layers = Vec::with_capacity(members * inner.len() + 1);
    for member in 0..members {
        for layer in inner {
            layers.push(of_member(layer, member, members, inner.len()).ok_or_else(|| shared_channels(layer))?);
        }
    }
    let [Term { source: Source::Layer(source), map: LinearMap::Dense { weights, outputs } }] = last.terms.as_slice()
    else {
        return Err(shared_channels(last));
    };
    let part = weights.len() / outputs / members;
    let terms = (0..members).map(|member| {
        let rows = (0..*outputs).flat_map(|output| &weights[(output * members + member) * part..][..part]);
        let map = LinearMap::Dense { weights: rows.copied().collect(), outputs: *outputs };
        Term { source: Source::Layer(member * inner.len() + source), map }
    });
    layers.push(Layer { terms: terms.collect(), ..last.clone() });
    let network = LoweredNetwork { input: network.input, layers, members: 1 };
    network.check()?;
    Ok(network)
}

/// A member's part of a layer; none: its channels do not fall to members. Each member has `layers` layers.
fn of_member(layer: &Layer, member: usize, members: usize, layers: usize) -> Option<Layer> {
    let part = |values: &[f64]| {
        let length = values.len() / members;
        values[member * length..(member + 1) * length].to_vec()
    };
    let term = |term: &Term| {
        let source = match term.source {
            Source::Input => Source::Input,
            Source::Layer(index) => Source::Layer(member * layers + index),
        };
        let of_image = source == Source::Input;
        let map = match &term.map {
            LinearMap::Convolution { weights, out_channels, in_channels, kernel, stride, padding, groups } => {
                if !of_image && groups % members != 0 {
                    return None;
                }
                LinearMap::Convolution {
                    weights: part(weights),
                    out_channels: out_channels / members,
                    in_channels: if of_image { *in_channels } else { in_channels / members },
                    kernel: *kernel,
                    stride: *stride,
                    padding: *padding,
                    groups: if of_image { *groups } else { groups / members },
                }
            }
            LinearMap::ChannelScale { factors, placement } if !of_image && placement.groups % members == 0 => {
                let placement = Placement { groups: placement.groups / members, ..*placement };
                LinearMap::ChannelScale { factors: part(factors), placement }
            }
            _ => return None,
        };
        Some(Term { source, map })
    };
    let activation = match &layer.activation {
        Activation::Monic { linear } => Activation::Monic { linear: part(linear) },
        Activation::Full { leading, linear } => Activation::Full { leading: part(leading), linear: part(linear) },
        other => other.clone(),
    };
    let Shape { channels, height, width } = layer.shape;
    Some(Layer {
        name: format!("member {}: {}", member + 1, layer.name),
        terms: layer.terms.iter().map(term).collect::<Option<_>>()?,
        bias: part(&layer.bias),
        shape: Shape::new(channels / members, height, width),
        activation,
        centre: part(&layer.centre),
    })
}

fn shared_channels(layer: &Layer) -> NetworkError {
    NetworkError::Lowered {
        layer: layer.name.clone(),
        what: "a layer of an ensemble",
        found: "channels that members share".to_owned(),
        expected: "channels of each member, and a classifier that reads all".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Shortcut;
    use crate::network::random::tests::{tiny, tiny_with};

    #[test]
    fn members_may_differ_in_numbers_only() {
        let members: Vec<LoweredNetwork> = (0..3).map(|seed| tiny(seed).lower().unwrap()).collect();
        check_members(&members).unwrap();
        let text = |damage: &dyn Fn(&mut LoweredNetwork)| {
            let mut members = members.clone();
            damage(&mut members[2]);
            check_members(&members).unwrap_err().to_string()
        };
        assert_eq!(
            check_members(&[]).unwrap_err().to_string(),
            "no members: give at least one network (an ensemble of one is the network itself)"
        );
        let found = text(&|m| m.layers[0].bias[0] = f64::NAN);
        assert_eq!(found, "member 2: lowered layer `conv1`: a weight or bias is NaN, expected finite numbers");
        let found = text(&|m| _ = m.layers.pop());
        assert!(found.starts_with("member 2 is of another graph than member 0: the number of layers is 9, not 10;"));
        let found = text(&|m| m.layers[1].name = "other".to_owned());
        assert!(found.contains(
            "layer 1 is `other` of 3x6x5 values: a convolution of layer 0 from 3 to 3 channels with kernel 3, stride 1, \
             padding 1, activation square, not `layer1.0.conv1` of"
        ));
        let found = text(&|m| m.layers[2].terms[1].source = Source::Layer(1));
        assert!(found.contains("plus layer 1 with a factor per channel, activation square, not"), "{found}");
        let found = text(&|m| {
            m.layers[9].activation = Activation::Square;
            m.layers[9].centre = vec![0.0; 3];
        });
        assert!(found.contains("activation square, not `linear` of 3x1x1 values: a dense map of layer 8"), "{found}");
        // Of another size and sound by itself.
        let text = check_members(&[members[0].clone(), resized()]).unwrap_err().to_string();
        assert!(text.contains("the input's shape is 2x6x6, not 2x6x5; take"), "{text}");
    }

    fn resized() -> LoweredNetwork {
        use crate::network::{Architecture, Head, Network, Stage};
        let architecture = Architecture {
            input: Shape::new(2, 6, 6),
            stem_channels: 3,
            stages: vec![Stage { blocks: 1, channels: 3, stride: 1 }],
            head: Head::GlobalAveragePool,
            ..Architecture::named("resnet20", 3, 3).unwrap()
        };
        Network::random(&architecture, 0).unwrap().lower().unwrap()
    }

    #[test]
    fn members_one_after_the_other_give_what_they_give_beside_each_other() {
        for shortcut in Shortcut::ALL {
            one_after_the_other_is_beside(shortcut);
        }
    }

    fn one_after_the_other_is_beside(shortcut: Shortcut) {
        let members: Vec<LoweredNetwork> = (0..3).map(|seed| tiny_with(shortcut, seed).lower().unwrap()).collect();
        let merged = super::super::merge(&members).unwrap();
        let sequence = one_after_the_other(&merged).unwrap();
        assert_eq!((sequence.members, sequence.layers.len()), (1, 3 * (members[0].layers.len() - 1) + 1));
        assert_eq!(sequence.layers[0].name, format!("member 1: {}", members[0].layers[0].name));
        let image: Vec<f64> = (0..merged.input.len()).map(|i| (i as f64 * 0.37).sin()).collect();
        let (expected, found) = (merged.forward(&image).unwrap(), sequence.forward(&image).unwrap());
        for (expected, found) in expected.logits().iter().zip(found.logits()) {
            assert!((expected - found).abs() < 1e-12 * expected.abs().max(1.0), "{expected} {found}");
        }
        assert_eq!(one_after_the_other(&members[0]).unwrap(), members[0]);
        let mut shared = merged;
        shared.members = 2;
        assert!(one_after_the_other(&shared).is_err());
    }
}
