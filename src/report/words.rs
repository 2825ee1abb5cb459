//! Settings and names as readers of a table or a figure know them.

use super::columns::trial;
use super::groups::Group;
use super::rows::{FULL_BATCH, Rows, VARIANT};
use crate::experiment::byte_size::ByteSize;

/// A network's name as articles write it.
#[must_use]
pub fn network(name: &str) -> String {
    let depth = |(there, here): (&str, &str)| name.strip_prefix(there).map(|depth| format!("{here}-{depth}"));
    [("resnet", "ResNet"), ("vgg", "VGG")].into_iter().find_map(depth).unwrap_or_else(|| name.to_owned())
}

/// A data set's name as articles write it.
#[must_use]
pub fn dataset(name: &str) -> String {
    match name.strip_prefix("cifar") {
        Some(classes) => format!("CIFAR-{classes}"),
        None => name.to_owned(),
    }
}

/// Digits as exponents.
pub const SUPERSCRIPTS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];

/// An exponent of two: `2¹⁵`.
#[must_use]
pub fn power_of_two(exponent: &str) -> String {
    let raised = |digit: char| digit.to_digit(10).map_or(digit, |digit| SUPERSCRIPTS[digit as usize]);
    format!("2{}", exponent.chars().map(raised).collect::<String>())
}

/// A setting's name as readers know it.
#[must_use]
pub fn name(setting: &str) -> String {
    let known = match setting {
        trial::LOG_N => "N",
        trial::CLUSTERS => "K",
        trial::ENSEMBLE => "M",
        trial::CLUSTER_MODE => "mode of clustering",
        trial::CLUSTER_METHOD => "method of clustering",
        trial::ACTIVATION_FORM => "form of the activation",
        trial::NODE_FUSING => "node fusing",
        trial::TOWER_REUSE => "tower reuse",
        trial::MEMORY => "memory for weights (bytes)",
        trial::WORKING => "memory to work in (bytes)",
        trial::JOBS => "trials side by side",
        VARIANT => "weights",
        other => return other.replace('_', " "),
    };
    known.to_owned()
}

/// A number of things: `1 image`, `2 images`.
#[must_use]
pub fn count(number: usize, thing: &str) -> String {
    count_of(&number.to_string(), thing)
}

fn count_of(number: &str, thing: &str) -> String {
    format!("{number} {thing}{}", if number == "1" { "" } else { "s" })
}

/// Bytes in words.
fn bytes(value: &str) -> String {
    value.parse().map_or_else(|_| value.to_owned(), |bytes| ByteSize(bytes).to_string())
}

/// One setting with its value, short enough for a legend.
#[must_use]
pub fn setting(name: &str, value: &str) -> String {
    match name {
        trial::CLUSTERS if value.is_empty() => "no clustering".to_owned(),
        VARIANT if value.is_empty() => "plain".to_owned(),
        trial::ENSEMBLE => format!("M = {}", if value.is_empty() { "1" } else { value }),
        _ if value.is_empty() => String::new(),
        trial::BATCH if value == FULL_BATCH => "full batches".to_owned(),
        trial::BATCH => count_of(value, "image") + " in a ciphertext",
        trial::NETWORK => network(value),
        trial::DATASET => dataset(value),
        trial::WIDTH => format!("width {value}"),
        trial::LOG_N => format!("N = {}", power_of_two(value)),
        trial::CLUSTERS => format!("K = {value}"),
        trial::THREADS => count_of(value, "thread"),
        VARIANT => value.replace('_', " "),
        trial::LAYOUT => format!("{value} layout"),
        trial::PROCESSES => format!("{value} processes"),
        trial::MEMORY => bytes(value) + " for weights",
        trial::WORKING => bytes(value) + " to work in",
        trial::JOBS if value == "1" => "one trial at a time".to_owned(),
        trial::JOBS => format!("{value} trials side by side"),
        _ if value == "true" => format!("with {}", name.replace('_', " ")),
        _ if value == "false" => format!("no {}", name.replace('_', " ")),
        trial::CONVOLUTION
        | trial::CLUSTER_MODE
        | trial::CLUSTER_METHOD
        | trial::ACTIVATION
        | trial::PROCESSOR
        | trial::INSTRUCTION_SET => value.to_owned(),
        _ => format!("{} {value}", name.replace('_', " ")),
    }
}

/// The columns in which configurations differ, with what every table leads with left out.
#[must_use]
pub fn differing(rows: &Rows, groups: &[&Group], without: &[&str]) -> Vec<&'static str> {
    let always = [trial::NETWORK, trial::WIDTH, trial::DATASET, trial::ACTIVATION];
    let others = rows.settings().iter().copied().filter(|name| !always.contains(name));
    always
        .into_iter()
        .chain([VARIANT])
        .chain(others)
        .filter(|name| !without.contains(name))
        .filter(|name| {
            let mut values = groups.iter().map(|group| rows.text(name, group.first()));
            let first = values.next();
            values.any(|value| Some(value) != first)
        })
        .collect()
}

/// The name of a series: the settings in which it differs from others.
#[must_use]
pub fn series(rows: &Rows, group: &Group, differing: &[&str]) -> String {
    let settings = settings(rows, group, differing);
    if settings.is_empty() { "measured".to_owned() } else { settings }
}

/// The values of some settings, as a list in words.
#[must_use]
pub fn settings(rows: &Rows, group: &Group, names: &[&str]) -> String {
    let parts = names.iter().map(|name| setting(name, &rows.text(name, group.first())));
    let parts: Vec<String> = parts.filter(|part| !part.is_empty()).collect();
    parts.join(", ")
}

/// Settings that a reader has to know, with the value that goes without saying.
const TOLD: [(&str, &str); 12] = [
    (trial::LOG_N, ""),
    (trial::LAYOUT, ""),
    (trial::CONVOLUTION, ""),
    (trial::CLUSTERS, ""),
    (trial::CLUSTER_MODE, ""),
    (trial::ENSEMBLE, ""),
    (trial::BATCH, "1"),
    (trial::ACTIVATION_FORM, "square"),
    (trial::NODE_FUSING, "true"),
    (trial::TOWER_REUSE, "true"),
    (trial::PARAMETERS, "default"),
    (trial::THREADS, ""),
];

/// The settings that configurations share, in words: those that a reader has to know, but for the ones in `without` and for what goes
/// without saying.
#[must_use]
pub fn shared(rows: &Rows, groups: &[&Group], without: &[&str]) -> String {
    let Some(first) = groups.first() else { return String::new() };
    let value = |name: &str, group: &Group| rows.text(name, group.first());
    let told = TOLD.iter().filter(|(name, usual)| {
        let here = value(name, first);
        !without.contains(name)
            && !here.is_empty()
            && here != *usual
            && groups.iter().all(|group| value(name, group) == here)
    });
    settings(rows, first, &told.map(|(name, _)| *name).collect::<Vec<_>>())
}

/// `ResNet-20 (width 16) on CIFAR-10`.
#[must_use]
pub fn network_on_dataset(rows: &Rows, row: usize) -> String {
    format!(
        "{} (width {}) on {}",
        network(&rows.text(trial::NETWORK, row)),
        rows.text(trial::WIDTH, row),
        dataset(&rows.text(trial::DATASET, row))
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::groups::{By, groups};
    use crate::report::rows::tests::rows;

    #[test]
    fn names() {
        assert_eq!(["resnet20", "vgg16", "lenet"].map(network), ["ResNet-20", "VGG-16", "lenet"]);
        assert_eq!(setting("log_n", "15"), "N = 2¹⁵");
        assert_eq!(setting("ensemble", ""), "M = 1");
        assert_eq!(setting("threads", "1"), "1 thread");
        assert_eq!(setting("memory_diagonals_bytes", "1073741824"), "1.0 GiB for weights");
        assert_eq!(setting("memory_working_bytes", "3221225472"), "3.0 GiB to work in");
        assert_eq!(["1", "3"].map(|jobs| setting("jobs", jobs)), ["one trial at a time", "3 trials side by side"]);
        assert_eq!(setting("activation_form", "monic"), "activation form monic");
        assert_eq!((setting("threads", "2"), setting("batch", "")), ("2 threads".into(), String::new()));
        assert_eq!(setting("batch", "1"), "1 image in a ciphertext");
        assert_eq!(setting("tower_reuse", "false"), "no tower reuse");
        assert_eq!(setting("node_fusing", "true"), "with node fusing");
    }

    #[test]
    fn a_series_is_named_by_what_differs() {
        let rows = rows(
            "trial_id,status,network,log_n,layout,threads\na,ok,resnet20,15,packed,2\nb,ok,resnet20,16,packed,2\n",
        );
        let groups = groups(&rows, By::Speed, &[], |_| true);
        let all: Vec<_> = groups.iter().collect();
        assert_eq!(differing(&rows, &all, &[]), ["log_n"]);
        assert_eq!(series(&rows, &groups[1], &["log_n"]), "N = 2¹⁶");
        assert_eq!(series(&rows, &groups[1], &["layout", "batch"]), "packed layout, 1 image in a ciphertext");
        assert_eq!(series(&rows, &groups[1], &[]), "measured");
        assert_eq!(shared(&rows, &all, &[]), "packed layout, 2 threads");
        assert_eq!(shared(&rows, &all[..1], &["threads"]), "N = 2¹⁵, packed layout");
    }

    #[test]
    fn a_batch_of_the_tiled_layout_is_full_unless_a_number_is_set() {
        let rows = rows("trial_id,status,layout,batch\na,ok,tiled,\nb,ok,tiled,5\nc,ok,,\n");
        let groups = groups(&rows, By::Speed, &[], |_| true);
        let named = |group: &Group| settings(&rows, group, &[trial::LAYOUT, trial::BATCH]);
        assert_eq!(named(&groups[0]), "tiled layout, full batches");
        assert_eq!(named(&groups[1]), "tiled layout, 5 images in a ciphertext");
        assert_eq!((named(&groups[2]), shared(&rows, &[&groups[0]], &[])), (String::new(), named(&groups[0])));
    }
}
