//! Chains of primes under the published security lines, as a table.

use super::text_table::{Align, TextTable};
use crate::experiment::security_view::{SecurityLine, SecurityView};

/// A line for each chain.
#[must_use]
pub fn security_text(views: &[SecurityView]) -> String {
    let mut table = TextTable::new([
        ("network", Align::Left),
        ("primes (bits)", Align::Left),
        ("N", Align::Right),
        ("log2 QP", Align::Right),
        ("2018: most", Align::Right),
        ("verdict", Align::Left),
        ("N for 128 bits", Align::Right),
        ("2024: most", Align::Right),
        ("verdict", Align::Left),
        ("N for 128 bits", Align::Right),
    ]);
    let ring = |log_n: u32| format!("2^{log_n}");
    for SecurityView { network, chain, log_n, log2_qp, standard_2018, guidelines_2024 } in views {
        let mut row = vec![network.clone().unwrap_or_default(), chain.clone(), ring(*log_n), format!("{log2_qp:.1}")];
        for SecurityLine { limit, verdict, needed_log_n } in [standard_2018, guidelines_2024] {
            row.push(limit.map_or_else(|| "no line".to_owned(), |limit| limit.to_string()));
            row.push(verdict.as_str().to_owned());
            row.push(needed_log_n.map_or_else(|| "no line".to_owned(), ring));
        }
        table.push(row);
    }
    table.without_empty_columns().markdown()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::security_view::article_chains;

    #[test]
    fn every_chain_has_both_verdicts() {
        let text = security_text(&article_chains());
        let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let row = cells(text.lines().find(|line| line.contains("resnet18")).unwrap());
        let expected = ["resnet18", "44x18,23,54", "2^15", "869.0", "881", "secure", "2^15", "868", "insecure", "2^16"];
        assert_eq!(row[1..11], expected);
        let text = security_text(&[SecurityView::new(None, &"41.5x20".parse().unwrap(), 10)]);
        let row = cells(text.lines().last().unwrap());
        assert_eq!(
            row[1..10],
            ["41.5x20", "2^10", "830.0", "no line", "insecure", "2^15", "no line", "insecure", "2^15"]
        );
    }
}
