//! What rows say about the security of their parameters.

use std::collections::BTreeSet;

use super::columns::trial;
use super::groups::Group;
use super::rows::Rows;
use super::tables::security_word;
use super::words;

/// The security of a trial in words; empty: no plan was made.
#[must_use]
pub fn word(rows: &Rows, row: usize) -> &'static str {
    security_word(&rows.text(trial::SECURITY_2018, row), &rows.text(trial::SECURITY_2024, row))
}

/// Whether a trial's parameters are over one of the lines.
#[must_use]
pub fn is_insecure(rows: &Rows, row: usize) -> bool {
    word(rows, row).starts_with("insecure")
}

/// Which of some configurations are insecure, for the second line of a figure. None: none is.
#[must_use]
pub fn insecure(rows: &Rows, groups: &[&Group]) -> Option<String> {
    let over = |group: &&Group| group.rows.iter().any(|row| is_insecure(rows, *row));
    let (bad, good): (Vec<&Group>, Vec<&Group>) = groups.iter().copied().partition(over);
    if bad.is_empty() {
        return None;
    }
    if good.is_empty() {
        return Some("all parameters are insecure".to_owned());
    }
    let values = |name: &str, groups: &[&Group]| {
        groups.iter().map(|group| rows.text(name, group.first())).collect::<BTreeSet<String>>()
    };
    let telling = words::differing(rows, groups, &[]).into_iter().find_map(|name| {
        let (bad, good) = (values(name, &bad), values(name, &good));
        (!bad.iter().any(|value| good.contains(value))).then_some((name, bad))
    });
    Some(match telling {
        Some((name, values)) => {
            let named: Vec<String> = values.iter().map(|value| words::setting(name, value)).collect();
            format!("insecure: {}", named.join(", "))
        }
        None => format!("{} of {} have insecure parameters", bad.len(), words::count(groups.len(), "configuration")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::groups::{By, groups};
    use crate::report::rows::tests::rows;

    #[test]
    fn all_or_which() {
        let rows = rows(
            "trial_id,status,log_n,layout,security_2018,security_2024\na,ok,14,packed,insecure,insecure\n\
             b,ok,15,packed,secure,insecure\nc,ok,16,packed,secure,secure\nd,ok,14,channel,secure,secure\n",
        );
        let groups = groups(&rows, By::Answer, &[], |_| true);
        let of = |places: &[usize]| insecure(&rows, &places.iter().map(|place| &groups[*place]).collect::<Vec<_>>());
        assert_eq!(of(&[0, 1]).unwrap(), "all parameters are insecure");
        assert_eq!(of(&[0, 1, 2]).unwrap(), "insecure: N = 2¹⁴, N = 2¹⁵");
        assert_eq!(of(&[0, 1, 2, 3]).unwrap(), "2 of 4 configurations have insecure parameters");
        assert_eq!(of(&[2, 3]), None);
    }
}
