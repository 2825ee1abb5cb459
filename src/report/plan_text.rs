//! A plan as text for a terminal.

use super::format::{grouped, significant};
use super::tables::security_word;
use super::text_table::{Align, TextTable};
use crate::experiment::byte_size::ByteSize;
use crate::experiment::plan_view::{PlanClusters, PlanView};
use crate::experiment::setting::{ConvolutionKind, WeightsOrigin};

/// A plan as text: a heading, what it costs, whether it is secure, and a line per layer.
#[must_use]
pub fn plan_text(plan: &PlanView) -> String {
    let line = |bits: Option<u32>| bits.map_or_else(|| "none at this N".to_owned(), |bits| format!("{bits}"));
    let mut text = format!(
        "trial {}: {} (width {}{}) on {}, {} image(s), {}, {} layout, N = 2^{}\n",
        plan.trial_id,
        plan.network,
        plan.width,
        members(plan),
        plan.dataset,
        plan.images,
        plan.backend,
        layout(plan),
        plan.log_n
    );
    let together = if plan.batch > 1 { format!("batch of {} images", plan.batch) } else { "image".to_owned() };
    let facts = [
        ("levels", plan.levels_used.to_string()),
        ("log2 QP", format!("{:.1}", plan.log2_qp)),
        (
            "security",
            format!(
                "{} (largest log2 QP for 128 bits: {} in 2018, {} in 2024)",
                security_word(plan.security_2018.as_str(), plan.security_2024.as_str()),
                line(plan.line_2018),
                line(plan.line_2024)
            ),
        ),
        ("keys", format!("{} in {} keys for {} rotations", ByteSize(plan.key_bytes), plan.keys, plan.galois_elements)),
        ("ciphertext", format!("{} per {together}", ByteSize(plan.ciphertext_bytes))),
        ("diagonals", format!("{} encoded", ByteSize(plan.diagonal_bytes))),
        ("memory", memory(plan)),
        ("time", time(plan, &together)),
    ];
    for (name, value) in facts {
        text += &format!("  {name:<11}{value}\n");
    }
    for ring in &plan.rings {
        text += &format!(
            "  {:<11}N = 2^{} from level {}, log2 QP {:.1} (largest for 128 bits: {} in 2024)\n",
            "ring",
            ring.log_n,
            ring.level,
            ring.log2_qp,
            line(ring.line_2024)
        );
    }
    if let Some(clusters) = &plan.clusters {
        text += &format!("  {:<11}{}\n", "clusters", clusters_in_words(clusters));
    }
    for band in &plan.bands {
        text += &format!(
            "  {:<11}level {} to {}: {} special prime(s) of {} bits, digits of {} limb(s)\n",
            "key switch", band.level_top, band.level_bottom, band.special_primes, band.special_bits, band.digit_limbs
        );
    }
    text += "\n";
    let table = TextTable::of(
        &plan.layers,
        &[
            ("layer", Align::Left, &|layer| layer.name.clone()),
            ("kind", Align::Left, &|layer| layer.kind.clone()),
            ("level", Align::Right, &|layer| format!("{} -> {}", layer.level_in, layer.level_out)),
            ("scale (bits)", Align::Right, &|layer| format!("{:.3}", layer.scale_bits)),
            ("layout", Align::Left, &|layer| layer.layout.clone()),
            ("diagonals", Align::Right, &|layer| grouped(layer.diagonals)),
            ("babies", Align::Right, &|layer| grouped(layer.babies)),
            ("giants", Align::Right, &|layer| grouped(layer.giants)),
            ("rotations", Align::Right, &|layer| grouped(layer.operations.rotations)),
            ("products", Align::Right, &|layer| grouped(layer.operations.plain_products + layer.operations.products)),
            ("headroom", Align::Right, &|layer| headroom(layer.log2_headroom)),
            ("seconds", Align::Right, &|layer| significant(layer.seconds, 3)),
        ],
    );
    text + &table.plain()
}

fn time(plan: &PlanView, together: &str) -> String {
    let how = if plan.is_encrypted() { "predicted" } else { "predicted if it were encrypted" };
    let PlanView { threads, cores, kernels, prices, .. } = plan;
    let shared = if threads > cores { format!(" on {cores} core(s)") } else { String::new() };
    let seconds = significant(plan.seconds, 3);
    format!("{seconds} s per {together} {how}, {threads} thread(s){shared}; prices {prices}, {kernels} kernels")
}

/// The layout, and how convolutions are computed if that is a choice.
fn layout(plan: &PlanView) -> String {
    if plan.convolution == ConvolutionKind::default().as_str() {
        return plan.layout.clone();
    }
    format!("{} ({})", plan.layout, plan.convolution)
}

/// What is unusual about the weights, such as `, random weights, 2 members`.
fn members(plan: &PlanView) -> String {
    let random = if plan.weights == WeightsOrigin::Random.as_str() { ", random weights" } else { "" };
    let members = if plan.ensemble > 1 { format!(", {} members", plan.ensemble) } else { String::new() };
    format!("{random}{members}")
}

fn clusters_in_words(clusters: &PlanClusters) -> String {
    let PlanClusters { clusters, mode, method, groups, kept, relative_error } = clusters;
    let percent = significant(100.0 * relative_error, 3);
    let kept = if *kept > 0 { format!(", {kept} of which had no more and stayed as they were") } else { String::new() };
    format!(
        "{clusters} in each of {groups} group(s) ({mode}, {method}){kept}; weights changed by {percent} % of their norm"
    )
}

fn memory(plan: &PlanView) -> String {
    let predicted = format!("{} predicted peak", ByteSize(plan.memory_bytes));
    match plan.memory_limit_bytes.map(ByteSize) {
        Some(limit) if plan.check_memory().is_err() => format!("{predicted}, more than the limit of {limit}"),
        Some(limit) => format!("{predicted} of {limit}"),
        None => predicted,
    }
}

/// From here on (2^20) the exponent says more than the number.
const LARGE_BITS: f64 = 20.0;

fn headroom(log2: f64) -> String {
    if log2 < LARGE_BITS { significant(log2.exp2(), 3) } else { format!("2^{log2:.0}") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::plan_view::tests::sample_plan;
    use crate::experiment::records::SecurityVerdict;

    #[test]
    fn a_plan_reads_well() {
        let text = plan_text(&sample_plan());
        let expected = "\
trial 0123456789abcdef: resnet20 (width 16) on cifar10, 3 image(s), encrypted, packed layout, N = 2^15
  levels     2
  log2 QP    160.0
  security   128-bit (largest log2 QP for 128 bits: 881 in 2018, 868 in 2024)
  keys       768.0 MiB in 31 keys for 30 rotations
  ciphertext 3.0 MiB per image
  diagonals  1.2 GiB encoded
  memory     3.0 GiB predicted peak of 16.0 GiB
  time       7.50 s per image predicted, 2 thread(s); prices measured, avx2 kernels
  key switch level 2 to 0: 1 special prime(s) of 45 bits, digits of 1 limb(s)

layer   kind                   level  scale (bits)  layout                         diagonals  babies  giants  rotations  products  headroom  seconds
conv1   convolution + square  2 -> 1        20.000  packed 16x32x32 pitch 1, 1 ct        300      16      20         22       300      2^30    0.500
linear  dense                 1 -> 0        20.000  classes 10, 1 ct                      64       8       8         12        64       128    0.250
";
        assert_eq!(text, expected);
        let crowded = plan_text(&PlanView { threads: 64, ..sample_plan() });
        assert!(crowded.contains("64 thread(s) on 2 core(s); prices"), "{crowded}");
        let too_large = plan_text(&PlanView { memory_bytes: 20 << 30, ..sample_plan() });
        assert!(too_large.contains("20.0 GiB predicted peak, more than the limit of 16.0 GiB"), "{too_large}");
    }

    #[test]
    fn unusual_weights_are_named() {
        let clusters = PlanClusters {
            clusters: 64,
            mode: "slice".into(),
            method: "lloyd".into(),
            groups: 60,
            kept: 3,
            relative_error: 0.01234,
        };
        let plan = PlanView { weights: "random".into(), ensemble: 2, clusters: Some(clusters), ..sample_plan() };
        let text = plan_text(&plan);
        assert!(text.contains("resnet20 (width 16, random weights, 2 members) on cifar10"), "{text}");
        let channel = PlanView { layout: "channel".into(), convolution: "clustered".into(), batch: 4, ..sample_plan() };
        let words = plan_text(&channel);
        assert!(words.contains("channel (clustered) layout") && words.contains("per batch of 4 images"), "{words}");
        let expected = "clusters   64 in each of 60 group(s) (slice, lloyd), 3 of which had no more and stayed as they were; \
                        weights changed by 1.23 % of their norm";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn an_insecure_plan_says_so() {
        let plan = PlanView { security_2024: SecurityVerdict::Insecure, ..sample_plan() };
        assert!(plan_text(&plan).contains("insecure (2024 line)"));
    }
}
