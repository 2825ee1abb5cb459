//! What figures about the layers of trials say of them.

use crate::report::columns::trial;
use crate::report::groups::Group;
use crate::report::rows::Rows;
use crate::report::security;
use crate::report::words;

/// What a figure about the layers of some trials says of them: what they share of the settings in which figures `differ`, of ring and
/// layout, and, if all have the same, of their security. Threads matter to seconds alone, and are in `differ` where they are said.
#[must_use]
pub fn heading(rows: &Rows, trials: &[usize], differ: &[&'static str]) -> String {
    let Some(first) = trials.first() else { return String::new() };
    let mut names = vec![trial::LOG_N, trial::LAYOUT];
    names.extend(differ.iter().filter(|name| ![trial::LOG_N, trial::LAYOUT].contains(*name)));
    names.retain(|name| trials.iter().all(|row| rows.text(name, *row) == rows.text(name, *first)));
    let mut parts = vec![words::network_on_dataset(rows, *first)];
    parts.push(words::settings(rows, &Group { rows: vec![*first] }, &names));
    let security = security::word(rows, *first);
    if trials.iter().all(|row| security::word(rows, *row) == security) {
        parts.push(security.to_owned());
    }
    parts.retain(|part| !part.is_empty());
    parts.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows;

    #[test]
    fn a_heading_says_what_its_trials_share() {
        let rows = rows(
            "trial_id,status,network,width,dataset,log_n,layout,clusters,threads,security_2018,security_2024\n\
             a,ok,resnet20,16,cifar10,15,channel,4,2,secure,secure\nb,ok,resnet20,16,cifar10,15,channel,64,2,secure,insecure\n",
        );
        let network = "ResNet-20 (width 16) on CIFAR-10, N = 2¹⁵, channel layout";
        assert_eq!(heading(&rows, &[0, 1], &[trial::CLUSTERS]), network);
        let one = heading(&rows, &[1], &[trial::CLUSTERS, trial::THREADS]);
        assert_eq!(one, format!("{network}, K = 64, 2 threads, insecure (2024 line)"));
    }
}
