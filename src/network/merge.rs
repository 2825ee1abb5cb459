//! An ensemble as one network: the members' channels beside each other, their logits averaged by the classifier.

use super::error::NetworkError;
use super::lowered::{Activation, Layer, LinearMap, LoweredNetwork, Placement, Shape, Source, Term};
use super::members::check_members;

/// One network whose logits are the mean of the members' logits.
///
/// Channel c of member m becomes channel m C + c of the C channels that a member has. What reads the image reads it once
/// for all members; every later convolution falls into groups, one for each member. The classifier, which must be the only
/// dense map, reads all members and divides its weights by their number.
///
/// # Errors
/// Those of [`check_members`]; [`NetworkError::Lowered`] for members that end in something else than a dense map, have
/// one elsewhere, or read the image in groups.
pub fn merge(members: &[LoweredNetwork]) -> Result<LoweredNetwork, NetworkError> {
    check_members(members)?;
    if let [member] = members {
        return Ok(member.clone());
    }
    let last = members[0].layers.len() - 1;
    let layers = (0..=last).map(|index| {
        let of_members: Vec<&Layer> = members.iter().map(|member| &member.layers[index]).collect();
        if index == last { mean(&of_members) } else { side_by_side(&of_members) }
    });
    let merged = LoweredNetwork {
        input: members[0].input,
        layers: layers.collect::<Result<_, _>>()?,
        members: members.iter().map(|member| member.members).sum(),
    };
    merged.check()?;
    Ok(merged)
}

/// A layer whose channels are those of all members.
fn side_by_side(members: &[&Layer]) -> Result<Layer, NetworkError> {
    let first = members[0];
    let terms = first.terms.iter().enumerate().map(|(index, term)| {
        let maps: Vec<&LinearMap> = members.iter().map(|member| &member.terms[index].map).collect();
        let refuse = |what, found: &str, expected: &str| {
            Err(NetworkError::Lowered {
                layer: first.name.clone(),
                what,
                found: found.to_owned(),
                expected: expected.to_owned(),
            })
        };
        let of_image = term.source == Source::Input;
        let map = match maps[0] {
            LinearMap::Convolution { groups, .. } if of_image && *groups > 1 => {
                let found = format!("a convolution in {groups} groups");
                return refuse("what reads the image", &found, "a convolution in one group");
            }
            LinearMap::Convolution { out_channels, in_channels, kernel, stride, padding, groups, .. } => {
                let count = members.len();
                LinearMap::Convolution {
                    weights: concatenated(maps.iter().map(|map| weights(map))),
                    out_channels: count * out_channels,
                    in_channels: if of_image { *in_channels } else { count * in_channels },
                    kernel: *kernel,
                    stride: *stride,
                    padding: *padding,
                    groups: if of_image { 1 } else { count * groups },
                }
            }
            LinearMap::ChannelScale { .. } if of_image => {
                return refuse("what reads the image", "a factor per channel", "a convolution");
            }
            LinearMap::ChannelScale { placement, .. } => LinearMap::ChannelScale {
                factors: concatenated(maps.iter().map(|map| weights(map))),
                placement: Placement { groups: members.len() * placement.groups, ..*placement },
            },
            LinearMap::Dense { .. } => {
                return refuse("a map within an ensemble", "dense", "a convolution or a factor per channel");
            }
        };
        Ok(Term { source: term.source, map })
    });
    let Shape { channels, height, width } = first.shape;
    Ok(Layer {
        name: first.name.clone(),
        terms: terms.collect::<Result<_, _>>()?,
        bias: concatenated(members.iter().map(|member| &member.bias)),
        shape: Shape::new(members.len() * channels, height, width),
        activation: activation(members),
        centre: concatenated(members.iter().map(|member| &member.centre)),
    })
}

/// The activation with the coefficients of all members, which have the same kind.
fn activation(members: &[&Layer]) -> Activation {
    let all = |which: usize| concatenated(members.iter().filter_map(|m| m.activation.coefficients()[which]));
    match members[0].activation {
        Activation::None => Activation::None,
        Activation::Square => Activation::Square,
        Activation::Monic { .. } => Activation::Monic { linear: all(1) },
        Activation::Full { .. } => Activation::Full { leading: all(0), linear: all(1) },
    }
}

/// The mean of the members' last layers, as one dense map.
fn mean(members: &[&Layer]) -> Result<Layer, NetworkError> {
    let first = members[0];
    let share = 1.0 / members.len() as f64;
    let maps: Option<Vec<(&[f64], usize, Source)>> = members
        .iter()
        .map(|member| match member.terms.as_slice() {
            [Term { source: source @ Source::Layer(_), map: LinearMap::Dense { weights, outputs } }] => {
                Some((weights.as_slice(), *outputs, *source))
            }
            _ => None,
        })
        .collect();
    let Some((&(_, outputs, source), maps)) = maps.as_ref().and_then(|maps| Some((maps.first()?, maps))) else {
        return Err(NetworkError::Lowered {
            layer: first.name.clone(),
            what: "the last layer of a member",
            found: "no dense map of a layer".to_owned(),
            expected: "the classifier of a ResNet".to_owned(),
        });
    };
    let mut weights = Vec::with_capacity(maps.iter().map(|(weights, ..)| weights.len()).sum());
    for output in 0..outputs {
        for (of_member, ..) in maps {
            let values = of_member.len() / outputs;
            weights.extend(of_member[output * values..][..values].iter().map(|weight| share * weight));
        }
    }
    let bias = (0..first.bias.len()).map(|index| share * members.iter().map(|member| member.bias[index]).sum::<f64>());
    Ok(Layer {
        name: first.name.clone(),
        terms: vec![Term { source, map: LinearMap::Dense { weights, outputs } }],
        bias: bias.collect(),
        shape: first.shape,
        activation: Activation::None,
        centre: Vec::new(),
    })
}

fn weights(map: &LinearMap) -> &Vec<f64> {
    match map {
        LinearMap::Convolution { weights, .. } | LinearMap::Dense { weights, .. } => weights,
        LinearMap::ChannelScale { factors, .. } => factors,
    }
}

fn concatenated<'a>(parts: impl Iterator<Item = &'a Vec<f64>>) -> Vec<f64> {
    parts.flatten().copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::Shortcut;
    use crate::network::random::tests::{tiny, tiny_with};
    use crate::network::{ActivationForm, LowerOptions};
    use proptest::prelude::*;

    /// At every other seed shortcuts that pad.
    fn members(count: u64, seed: u64) -> Vec<LoweredNetwork> {
        let shortcut = if seed.is_multiple_of(2) { Shortcut::Projection } else { Shortcut::Pad };
        (0..count).map(|member| tiny_with(shortcut, seed + member).lower().unwrap()).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20))]
        #[test]
        fn the_merged_logits_are_the_mean(count in 1_u64..5, seed in 0_u64..1000) {
            let members = members(count, seed);
            let merged = merge(&members).unwrap();
            prop_assert_eq!(merged.members, members.len());
            let image: Vec<f64> = (0..merged.input.len()).map(|i| (i as f64 * 0.9 + seed as f64).sin()).collect();
            let found = merged.forward(&image).unwrap();
            let each: Vec<_> = members.iter().map(|member| member.forward(&image).unwrap()).collect();
            for (class, logit) in found.logits().iter().enumerate() {
                let mean = each.iter().map(|trace| trace.logits()[class]).sum::<f64>() / count as f64;
                prop_assert!((logit - mean).abs() < 1e-9, "{} {}", logit, mean);
            }
            // Inside, the members stand side by side.
            for (index, values) in found.linear[..found.linear.len() - 1].iter().enumerate() {
                let expected: Vec<f64> = each.iter().flat_map(|trace| trace.linear[index].clone()).collect();
                prop_assert_eq!(values, &expected);
            }
        }
    }

    #[test]
    fn every_form_merges() {
        for form in ActivationForm::ALL {
            for fuse in [false, true] {
                let options = LowerOptions { form, fuse };
                let members = [3, 4].map(|seed| tiny(seed).lower_with(options).unwrap());
                let merged = merge(&members).unwrap();
                let image: Vec<f64> = (0..merged.input.len()).map(|i| (i as f64 * 0.9).sin()).collect();
                let logits = |network: &LoweredNetwork| network.forward(&image).unwrap().logits().to_vec();
                let each = members.each_ref().map(logits);
                for (class, logit) in logits(&merged).iter().enumerate() {
                    assert!((logit - (each[0][class] + each[1][class]) / 2.0).abs() < 1e-9, "{form:?} {fuse}");
                }
            }
        }
    }

    #[test]
    fn an_ensemble_of_ensembles_is_one() {
        let all = members(4, 7);
        let pairs: Vec<LoweredNetwork> = all.chunks(2).map(|pair| merge(pair).unwrap()).collect();
        let text = merge(&pairs).map(|merged| merged.members);
        assert_eq!(text.unwrap(), 4, "the first convolution is one group in both");
        let image: Vec<f64> = (0..pairs[0].input.len()).map(|i| (i as f64).cos()).collect();
        let logits = |network: &LoweredNetwork| network.forward(&image).unwrap().logits().to_vec();
        let (nested, flat) = (logits(&merge(&pairs).unwrap()), logits(&merge(&all).unwrap()));
        assert!(nested.iter().zip(&flat).all(|(a, b)| (a - b).abs() < 1e-9));
    }

    #[test]
    fn what_cannot_be_merged_is_refused() {
        let sound = members(2, 0);
        let text = |damage: &dyn Fn(&mut LoweredNetwork)| {
            let mut members = sound.clone();
            members.iter_mut().for_each(damage);
            merge(&members).unwrap_err().to_string()
        };
        let found = text(&|member| {
            let convolution = &mut member.layers[0].terms[0].map;
            let LinearMap::Convolution { weights, in_channels, out_channels, groups, .. } = convolution else { return };
            (*in_channels, *out_channels, *groups) = (2, 4, 2);
            *weights = vec![0.5; 36];
            member.layers.truncate(1);
            member.layers[0].shape.channels = 4;
            let plane = member.layers[0].shape.height * member.layers[0].shape.width;
            member.layers[0].bias = vec![0.0; 4 * plane];
            member.layers[0].centre = vec![0.0; 4];
            let dense = LinearMap::Dense { weights: vec![0.0; 4 * plane], outputs: 1 };
            member.layers.push(Layer {
                name: "linear".into(),
                terms: vec![Term { source: Source::Layer(0), map: dense }],
                bias: vec![0.0],
                shape: Shape::new(1, 1, 1),
                activation: Activation::None,
                centre: Vec::new(),
            });
        });
        assert_eq!(
            found,
            "lowered layer `conv1`: what reads the image is a convolution in 2 groups, expected a convolution in one group"
        );
        let found = text(&|member| _ = member.layers.pop());
        assert!(found.contains("the last layer of a member is no dense map of a layer"), "{found}");
        assert!(matches!(merge(&[]), Err(NetworkError::NoMembers)));
        let mut other = sound;
        other[1].layers[3].name = "other".into();
        assert!(matches!(merge(&other), Err(NetworkError::MemberGraph { member: 1, .. })));
    }
}
