//! One encrypted inference as text for a terminal.

use super::format::{grouped, significant};
use super::text_table::{Align, TextTable};
use crate::experiment::inference_view::InferenceView;

/// How many of the best classes are shown.
const BEST: usize = 5;

/// An inference as text: a line per layer, then the best classes with the clear-text answer beside them.
#[must_use]
pub fn inference_text(view: &InferenceView) -> String {
    let mut layers = TextTable::new([
        ("layer", Align::Left),
        ("level", Align::Right),
        ("scale (bits)", Align::Right),
        ("seconds", Align::Right),
        ("rotations", Align::Right),
        ("precision (bits, min)", Align::Right),
        ("median", Align::Right),
        ("largest", Align::Right),
    ]);
    let optional = |value: Option<f64>, digits| value.map_or_else(String::new, |value| significant(value, digits));
    for layer in &view.layers {
        layers.push(vec![
            layer.name.clone(),
            format!("{} -> {}", layer.level_in, layer.level_out),
            format!("{:.3}", layer.scale_bits),
            significant(layer.seconds, 3),
            grouped(layer.rotations),
            optional(layer.precision_bits_min, 3),
            optional(layer.precision_bits_median, 3),
            optional(layer.largest_activation, 3),
        ]);
    }
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
    let mut table = TextTable::new([
        ("class", Align::Left),
        ("encrypted", Align::Right),
        ("clear text", Align::Right),
        ("difference", Align::Right),
    ]);
    let fixed = |logit: Option<f64>| logit.map_or_else(String::new, |logit| format!("{logit:.4}"));
    for class in view.best(BEST) {
        table.push(vec![
            class.name.clone(),
            fixed(class.logit),
            fixed(class.clear_logit),
            class.logit.zip(class.clear_logit).map_or_else(String::new, |(a, b)| format!("{:+.4}", a - b)),
        ]);
    }
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
