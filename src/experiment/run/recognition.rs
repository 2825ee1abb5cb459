//! Which trials of an experiment are recorded: by their id, or by the id that an earlier version gave them.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::experiment::provenance::TrialProvenance;
use crate::experiment::records::TrialStatus;
use crate::experiment::trial::{TrialSpec, earlier_identities};

/// What a results directory says about the trials of an experiment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Recognised {
    /// How the last recorded attempt at each trial ended, by the id that this version gives it.
    pub statuses: HashMap<String, TrialStatus>,
    /// Recorded trials that are none of the experiment.
    pub others: usize,
}

impl Recognised {
    /// Recognises what is `recorded`, by the ids and the `provenance` of all runs so far.
    #[must_use]
    pub fn of(
        recorded: &HashMap<String, TrialStatus>,
        trials: &[TrialSpec],
        provenance: &BTreeMap<String, TrialProvenance>,
    ) -> Self {
        let mut earlier: HashMap<String, Vec<&String>> = HashMap::new();
        for id in recorded.keys() {
            let identities = provenance.get(id).map(|made| earlier_identities(&made.identity));
            for identity in identities.unwrap_or_default() {
                earlier.entry(identity).or_default().push(id);
            }
        }
        let mut known = HashSet::new();
        let mut statuses = HashMap::new();
        for spec in trials {
            let mut ids = earlier.get(&spec.earlier_identity()).cloned().unwrap_or_default();
            // One on whatever cores that came to its end is enough.
            ids.sort_by_key(|id| (recorded[*id] != TrialStatus::Ok, *id));
            // What this version recorded is younger.
            let ids = recorded.get_key_value(&spec.id).map(|(id, _)| id).into_iter().chain(ids);
            for id in ids {
                known.insert(id);
                statuses.entry(spec.id.clone()).or_insert(recorded[id]);
            }
        }
        Self { statuses, others: recorded.len() - known.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::setting::{LogN, Threads};
    use crate::experiment::trial::tests::{sample, sample_with};

    #[test]
    fn earlier_ids_count_and_younger_ones_count_more() {
        let spec = sample_with(|settings| settings.threads = Threads(None));
        let identity = sample()
            .identity()
            .replace("\"identity_version\":3", "\"identity_version\":2")
            .replace(&sample().members[0].card_sha256, &sample().members[0].card_file_sha256);
        let made = TrialProvenance {
            weights: String::new(),
            weights_sha256: String::new(),
            dataset: String::new(),
            card_sha256: String::new(),
            dataset_sha256: String::new(),
            images: spec.settings.images.clone(),
            seed: None,
            threads: 2,
            identity,
        };
        let provenance = BTreeMap::from([("old".to_owned(), made)]);
        let other = sample_with(|settings| settings.log_n = LogN(16));
        let trials = [spec.clone(), other];
        let mut recorded =
            HashMap::from([("old".to_owned(), TrialStatus::Failed), ("none".to_owned(), TrialStatus::Ok)]);
        let found = Recognised::of(&recorded, &trials, &provenance);
        assert_eq!(found, Recognised { statuses: [(spec.id.clone(), TrialStatus::Failed)].into(), others: 1 });
        recorded.insert(spec.id.clone(), TrialStatus::Ok);
        let found = Recognised::of(&recorded, &trials, &provenance);
        assert_eq!(found, Recognised { statuses: [(spec.id, TrialStatus::Ok)].into(), others: 1 });
    }
}
