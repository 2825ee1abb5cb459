//! Ensembles: networks of one graph with different weights.

use super::error::NetworkError;
use super::lowered::{Layer, LinearMap, LoweredNetwork, Shape, Source, Term};

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
            LinearMap::ChannelScale { .. } => format!("{source} with a factor per channel"),
            LinearMap::Dense { .. } => format!("a dense map of {source}"),
        }
    };
    let terms: Vec<String> = layer.terms.iter().map(term).collect();
    let terms = terms.join(" plus ");
    format!("`{}` of {} values: {terms}, activation {:?}", layer.name, size(layer.shape), layer.activation)
}

fn size(shape: Shape) -> String {
    format!("{}x{}x{}", shape.channels, shape.height, shape.width)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::lowered::Activation;
    use crate::network::random::tests::tiny;

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
             padding 1, activation Square, not `layer1.0.conv1` of"
        ));
        let found = text(&|m| m.layers[2].terms[1].source = Source::Layer(1));
        assert!(found.contains("plus layer 1 with a factor per channel, activation Square, not"), "{found}");
        let found = text(&|m| {
            m.layers[9].activation = Activation::Square;
            m.layers[9].centre = vec![0.0; 3];
        });
        assert!(found.contains("activation Square, not `linear` of 3x1x1 values: a dense map of layer 8"), "{found}");
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
}
