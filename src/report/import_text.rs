//! What an import did, as text.

use crate::experiment::import::{ImportView, NormalisationOrigin};
use crate::network::Card;

/// Names that a line lists at most.
const LISTED: usize = 6;

/// Share of images below which something is likely to be wrong.
const SUSPICIOUS: f64 = 0.6;

/// A line for each fact, and one for each warning; with `list` one for every tensor.
#[must_use]
pub fn import_text(view: &ImportView, list: bool) -> String {
    let Card { network, width, dataset, activation, shortcut, pool, normalisation, .. } = &view.card;
    let elements: Vec<String> = view.elements.iter().map(|(element, count)| format!("{count} {element}")).collect();
    let mut text = String::new();
    let mut line = |name: &str, value: String| text += &format!("{name:14} {value}\n");
    line("checkpoint", format!("{}, {} tensors", view.format, view.tensors));
    let place = if view.prefix.is_empty() { "without a prefix".to_owned() } else { format!("under `{}`", view.prefix) };
    line("taken", format!("{} tensors {place}: {}", view.taken.len(), elements.join(", ")));
    for (theirs, ours, count) in &view.renamings {
        line("renamed", format!("{theirs} -> {ours} ({count})"));
    }
    if list {
        for (theirs, ours) in &view.taken {
            line("", format!("{theirs} -> {ours}"));
        }
    }
    if !view.left_out.is_empty() {
        let shown = if list { view.left_out.len() } else { LISTED };
        let names = view.left_out[..view.left_out.len().min(shown)].join(", ");
        let more = view.left_out.len().saturating_sub(shown);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        line("left out", format!("{} tensors: {names}{more}", view.left_out.len()));
    }
    for copy in &view.copies {
        line("also there", format!("a network under `{copy}`; --from {copy} takes it"));
    }
    let form = format!("{}, shortcut {}, pool {}", activation.as_str(), shortcut.as_str(), pool.as_str());
    line("network", format!("{network} of width {width} for {dataset}, {form}"));
    let origin = match view.normalisation {
        NormalisationOrigin::Dataset => "of the data set, since none was given",
        NormalisationOrigin::Pixels => "as given",
        NormalisationOrigin::Card => "as its card says",
        NormalisationOrigin::UnitsOfOne => "as given for pixel values 0 to 1, times 255",
    };
    line("normalisation", format!("mean {:?}, std {:?}: {origin}", normalisation.mean, normalisation.std));
    let percent = 100.0 * view.right as f64 / view.images.max(1) as f64;
    line("tried", format!("{} of the {} shipped test images right ({percent:.1} %)", view.right, view.images));
    line("written", format!("{}, {}", view.weights.display(), Card::path_beside(&view.weights).display()));
    if let Some((name, normalisation, right)) = &view.better {
        let numbers = |values: [f64; 3]| values.map(|value| value.to_string()).join(",");
        text += &format!(
            "note: {right} are right with the mean and std of {name}; if it was trained with them, import it with --mean {} --std {} --force\n",
            numbers(normalisation.mean),
            numbers(normalisation.std)
        );
    } else if (view.right as f64) < SUSPICIOUS * view.images as f64 {
        text += "warning: few are right; were --mean and --std, the shortcut (--shortcut pad_after has its zeros at the end), \
                 --batch-norm-eps, and ReLU those of its training?\n";
    }
    text
}
