//! Trials of the same configuration.

use super::columns::{SPEED_ONLY, trial};
use super::rows::Rows;
use crate::experiment::records::TrialRow;

/// Trials that differ only in what repeats a measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Their rows, at least one.
    pub rows: Vec<usize>,
}

impl Group {
    /// A row whose settings are those of all.
    #[must_use]
    pub fn first(&self) -> usize {
        self.rows[0]
    }
}

/// What the settings of a group are compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// What the network is, however it is encrypted.
    Network,
    /// All that can change an answer.
    Answer,
    /// And what changes seconds only.
    Speed,
}

impl By {
    /// The settings that are not compared.
    #[must_use]
    pub fn ignored(self) -> Vec<&'static str> {
        match self {
            Self::Network => [TrialRow::ENCRYPTION, &SPEED_ONLY].concat(),
            Self::Answer => SPEED_ONLY.to_vec(),
            Self::Speed => Vec::new(),
        }
    }
}

/// The number of every row's configuration, but for the settings in `without`.
#[must_use]
pub fn configurations(rows: &Rows, by: By, without: &[&str]) -> Vec<usize> {
    let mut numbers = vec![0; rows.len()];
    for (number, group) in groups(rows, by, without, |_| true).iter().enumerate() {
        group.rows.iter().for_each(|row| numbers[*row] = number);
    }
    numbers
}

/// The rows that `keep` holds, by configuration, in the order of their first ones.
#[must_use]
pub fn groups(rows: &Rows, by: By, without: &[&str], keep: impl Fn(usize) -> bool) -> Vec<Group> {
    let kept: Vec<usize> = (0..rows.len()).filter(|row| keep(*row)).collect();
    groups_among(rows, by, without, &kept)
}

/// These rows by configuration, in the order of their first ones.
#[must_use]
pub fn groups_among(rows: &Rows, by: By, without: &[&str], among: &[usize]) -> Vec<Group> {
    let ignored = by.ignored();
    let told = |name: &str| !without.contains(&name) && !ignored.contains(&name);
    let columns: Vec<&str> = rows.telling().filter(|(name, _)| told(name)).map(|(_, column)| column).collect();
    rows.alike(among, &columns).into_iter().map(|rows| Group { rows }).collect()
}

/// Groups in which all trials have one modulus: other primes under one name, or an older program's, are another chain.
#[must_use]
pub fn by_modulus(rows: &Rows, groups: Vec<Group>) -> Vec<Group> {
    let split = |group: Group| rows.alike(&group.rows, &[trial::LOG2_QP]).into_iter().map(|rows| Group { rows });
    groups.into_iter().flat_map(split).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::rows::tests::rows;

    #[test]
    fn machine_and_memory_matter_to_seconds_only() {
        let rows = rows(
            "trial_id,status,network,threads,memory_diagonals_bytes,processor,instruction_set,jobs\n\
             a,ok,resnet20,1,,P,avx2,1\nb,ok,resnet20,1,,P,avx512,1\nc,ok,resnet20,1,,Q,avx2,1\n\
             d,ok,resnet20,1,1073741824,P,avx2,1\ne,ok,resnet20,1,,P,avx2,2\nf,ok,resnet20,1,,P,avx2,1\n",
        );
        let by = |by| groups(&rows, by, &[], |_| true).into_iter().map(|group| group.rows).collect::<Vec<_>>();
        assert_eq!(by(By::Answer), [vec![0, 1, 2, 3, 4, 5]]);
        assert_eq!(by(By::Speed), [vec![0, 5], vec![1], vec![2], vec![3], vec![4]]);
    }

    #[test]
    fn another_modulus_is_another_chain() {
        let rows =
            rows("trial_id,status,network,log2_qp\na,ok,resnet20,867.8\nb,ok,resnet20,937.0\nc,ok,resnet20,867.8\n");
        let groups = groups(&rows, By::Speed, &[], |_| true);
        let split: Vec<_> = by_modulus(&rows, groups).into_iter().map(|group| group.rows).collect();
        assert_eq!(split, [vec![0, 2], vec![1]]);
    }

    #[test]
    fn working_memory_matters_to_the_seconds_of_layouts_that_use_it() {
        let rows = rows(
            "trial_id,status,network,layout,memory_working_bytes,latency_seconds_median\na,ok,resnet20,channel,1073741824,1\n\
             b,ok,resnet20,channel,3221225472,1\nc,ok,resnet20,packed,1073741824,1\nd,ok,resnet20,packed,3221225472,1\n\
             e,ok,resnet20,tiled,5368709120,1\nf,ok,resnet20,tiled,3221225472,\n",
        );
        let by = |by| groups(&rows, by, &[], |_| true).into_iter().map(|group| group.rows).collect::<Vec<_>>();
        assert_eq!(by(By::Answer), [vec![0, 1], vec![2, 3], vec![4, 5]]);
        assert_eq!(by(By::Speed), [vec![0], vec![1], vec![2, 3], vec![4, 5]]);
        // Where it tells nothing apart it is not told.
        let told: Vec<_> = (0..6).map(|row| rows.text(trial::WORKING, row)).collect();
        assert_eq!(told, ["1073741824", "3221225472", "", "", "", ""]);
    }

    #[test]
    fn threads_matter_to_seconds_only() {
        let rows = rows(
            "trial_id,status,network,model,seed,threads,clusters,weights,log_n\n\
             a,ok,resnet20,x_seed0,1,2,64,trained,15\nb,ok,resnet20,x_seed1,1,2,64,trained,15\n\
             c,ok,resnet20,x_seed0,2,1,64,trained,15\nd,ok,resnet20,x_seed0,1,2,128,random,15\n\
             e,ok,resnet20,x_seed0,1,2,64,trained,16\nf,ok,resnet20,x_seed0,1,2,64,trained,\n",
        );
        let by_answer = groups(&rows, By::Answer, &[], |_| true);
        assert_eq!(
            by_answer.iter().map(|group| group.rows.clone()).collect::<Vec<_>>(),
            [vec![0, 1, 2], vec![3], vec![4], vec![5]]
        );
        assert_eq!(groups(&rows, By::Speed, &[], |_| true).len(), 5);
        // Nor does it matter to a network how it is encrypted.
        let by_network = groups(&rows, By::Network, &[], |_| true);
        assert_eq!(
            by_network.iter().map(|group| group.rows.clone()).collect::<Vec<_>>(),
            [vec![0, 1, 2, 4, 5], vec![3]]
        );
        // Random weights stay apart.
        assert_eq!(groups(&rows, By::Network, &["clusters"], |_| true).len(), 2);
    }
}
