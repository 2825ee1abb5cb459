//! One encrypted inference as text for a terminal.

use super::format::{grouped, significant};
use super::text_table::{Align, TextTable};
use crate::experiment::inference_view::InferenceView;

/// How many of the best classes are shown.
const BEST: usize = 5;

/// An inference as text: a line per layer, then the best classes with the clear-text answer beside them.
#[must_use]
pub fn inference_text(view: &InferenceView) -> String {
    let optional = |value: Option<f64>| value.map_or_else(String::new, |value| significant(value, 3));
    let layers = TextTable::of(
        &view.layers,
        &[
            ("layer", Align::Left, &|layer| layer.name.clone()),
            ("level", Align::Right, &|layer| format!("{} -> {}", layer.level_in, layer.level_out)),
            ("scale (bits)", Align::Right, &|layer| format!("{:.3}", layer.scale_bits)),
            ("seconds", Align::Right, &|layer| significant(layer.seconds, 3)),
            ("rotations", Align::Right, &|layer| grouped(layer.rotations)),
            ("precision (bits, min)", Align::Right, &|layer| optional(layer.precision_bits_min)),
            ("median", Align::Right, &|layer| optional(layer.precision_bits_median)),
            ("largest", Align::Right, &|layer| optional(layer.largest_activation)),
        ],
    );
    let mut text = layers.plain() + "\n";
    if view.overflow {
        text +=
            "overflow: an activation left the range that the modulus holds, so the encrypted logits mean nothing.\n";
        text += "Clear-text answer: ";
        text += view.clear_best().map_or("none", |class| class.name.as_str());
        text += "\n";
    } else {
        text += &classes(view);
        text += &failures(view);
    }
    if let Some(seed) = view.seed {
        text += &format!("\nkeys and noise follow from the seed {seed}: reproducible, and not for real data\n");
    }
    text += &format!(
        "\nkeys {} s, encryption {} s, inference {} s, decryption {} s; {} thread(s); log2 QP {:.1}, {}\n",
        significant(view.keygen_seconds, 3),
        significant(view.encryption_seconds, 3),
        significant(view.seconds, 3),
        significant(view.decryption_seconds, 3),
        view.threads,
        view.log2_qp,
        super::tables::security_word(view.security_2018.as_str(), view.security_2024.as_str()),
    );
    text
}

/// How likely another encryption of the image is to fail.
fn failures(view: &InferenceView) -> String {
    let probability = |probability: Option<f64>, without: &str| match probability {
        None => without.to_owned(),
        // Below the smallest double.
        Some(0.0) => "below 1e-300".to_owned(),
        Some(probability) => significant(probability, 2),
    };
    format!(
        "if it were encrypted again: P(another class) {}, P(overflow) {}\n",
        probability(view.wrong_class_probability, "unknown"),
        probability(view.overflow_probability, "unknown without the probe"),
    )
}

fn classes(view: &InferenceView) -> String {
    let fixed = |logit: Option<f64>| logit.map_or_else(String::new, |logit| format!("{logit:.4}"));
    let difference = |(a, b): (f64, f64)| format!("{:+.4}", a - b);
    let table = TextTable::of(
        view.best(BEST),
        &[
            ("class", Align::Left, &|class| class.name.clone()),
            ("encrypted", Align::Right, &|class| fixed(class.logit)),
            ("clear text", Align::Right, &|class| fixed(class.clear_logit)),
            ("difference", Align::Right, &|class| {
                class.logit.zip(class.clear_logit).map_or_else(String::new, difference)
            }),
        ],
    );
    let agree = match (view.best(1).first(), view.clear_best()) {
        (Some(encrypted), Some(clear)) if encrypted.index == clear.index => {
            format!("{} (clear text: the same)", clear.name)
        }
        (Some(encrypted), Some(clear)) => {
            format!("{} (clear text: {})", encrypted.name, clear.name)
        }
        _ => "none".to_owned(),
    };
    let label = view.label.as_ref().map_or_else(String::new, |label| format!(", label: {label}"));
    format!("{}\nanswer: {agree}{label}\n", table.plain())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::inference_view::tests::sample_inference;

    #[test]
    fn an_inference_reads_well() {
        let text = inference_text(&sample_inference());
        assert!(text.contains("cat      12.0100     12.0000     +0.0100"), "{text}");
        assert!(text.contains("answer: cat (clear text: the same), label: dog"), "{text}");
        assert!(text.contains("conv1"), "{text}");
        assert!(text.contains("encrypted again: P(another class) 2.5e-7, P(overflow) below 1e-300\n"), "{text}");
        assert!(!text.contains("seed"), "{text}");
        let fixed = InferenceView { seed: Some(7), overflow_probability: None, ..sample_inference() };
        let text = inference_text(&fixed);
        assert!(text.contains("P(overflow) unknown without the probe\n"), "{text}");
        assert!(text.contains("follow from the seed 7: reproducible, and not for real data"), "{text}");
    }

    #[test]
    fn an_overflow_is_never_a_class() {
        let text = inference_text(&InferenceView { overflow: true, ..sample_inference() });
        assert!(text.contains("overflow") && !text.contains("\nanswer: ") && !text.contains("P("), "{text}");
    }
}
