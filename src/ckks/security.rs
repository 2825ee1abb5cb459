//! 128-bit classical security of ring learning with errors for a uniform ternary key and errors of deviation 3.2.

use std::fmt;

/// Largest log2(QP) by the homomorphic encryption standard (2018, table 1; 2^16 by its extension), from N = 2^12 on.
const STANDARD_2018: [u32; 5] = [109, 218, 438, 881, 1772];
/// Largest log2(QP) by "Security Guidelines for Implementing Homomorphic Encryption" (eprint 2024/463), from N = 2^12 on. The
/// lattice estimator agrees up to 2^16 (method section 12); the line at 2^17 is the guidelines' alone.
const GUIDELINES_2024: [u32; 6] = [106, 214, 430, 868, 1747, 3523];
const FIRST_LOG_N: u32 = 12;

/// A published table of security limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// Homomorphic encryption standard of 2018.
    Standard2018,
    /// Security guidelines of 2024 (eprint 2024/463), the stricter one.
    Guidelines2024,
}

impl Table {
    /// Largest log2(QP) in bits for 128-bit security at N = 2^`log_n`; `None` where the table has no entry.
    #[must_use]
    pub fn limit(self, log_n: u32) -> Option<u32> {
        let row = log_n.checked_sub(FIRST_LOG_N)? as usize;
        match self {
            Self::Standard2018 => STANDARD_2018.get(row).copied(),
            Self::Guidelines2024 => GUIDELINES_2024.get(row).copied(),
        }
    }

    /// log2 of the smallest ring dimension at which `log2_qp` bits have 128-bit security; `None` where the table has no line for it.
    #[must_use]
    pub fn needed_log_n(self, log2_qp: f64) -> Option<u32> {
        let mut lines = (FIRST_LOG_N..).map_while(|log_n| Some((log_n, self.limit(log_n)?)));
        lines.find(|(_, limit)| log2_qp <= f64::from(*limit)).map(|(log_n, _)| log_n)
    }

    /// Name for messages.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Standard2018 => "homomorphic encryption standard 2018",
            Self::Guidelines2024 => "security guidelines 2024, eprint 2024/463",
        }
    }
}

/// A verdict under one table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// At least 128 bits.
    Secure,
    /// Over the limit.
    Insecure,
    /// The table says nothing about this ring dimension.
    Unknown,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Secure => "128-bit",
            Self::Insecure => "insecure",
            Self::Unknown => "unknown",
        })
    }
}

/// The verdicts on one set of parameters.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Security {
    /// log2 of the ring dimension.
    pub log_n: u32,
    /// log2 of the largest modulus under which anything is encrypted with the secret key, special primes included.
    pub log2_qp: f64,
}

impl Security {
    /// The verdict under a table.
    #[must_use]
    pub fn verdict(&self, table: Table) -> Verdict {
        match table.limit(self.log_n) {
            Some(limit) if self.log2_qp <= f64::from(limit) => Verdict::Secure,
            Some(_) => Verdict::Insecure,
            // Below the table even the smallest modulus is weak; above it nothing is known.
            None if self.log_n < FIRST_LOG_N => Verdict::Insecure,
            None => Verdict::Unknown,
        }
    }

    /// Whether the stricter table grants 128 bits.
    #[must_use]
    pub fn is_secure(&self) -> bool {
        self.verdict(Table::Guidelines2024) == Verdict::Secure
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ring::primes::MAX_LOG_N;

    #[test]
    fn the_stricter_table_is_below_what_the_lattice_estimator_allows() {
        // Method section 12, from N = 2^12 on.
        for (log_n, estimated) in (FIRST_LOG_N..).zip([107.1, 214.4, 431.4, 868.8, 1747.4]) {
            let limit = f64::from(Table::Guidelines2024.limit(log_n).unwrap());
            assert!(limit <= estimated && limit > 0.98 * estimated, "N = 2^{log_n}: {limit} against {estimated}");
        }
        // It has a line for every ring there is, each about twice the one before.
        let limits = (FIRST_LOG_N..=MAX_LOG_N).map(|log_n| Table::Guidelines2024.limit(log_n).unwrap());
        let limits: Vec<u32> = limits.collect();
        assert!(limits.windows(2).all(|pair| (2.0..2.05).contains(&(f64::from(pair[1]) / f64::from(pair[0])))));
        assert_eq!((limits.last(), Table::Guidelines2024.limit(MAX_LOG_N + 1)), (Some(&3523), None));
    }

    #[test]
    fn verdicts_follow_the_tables() {
        let at = |log_n, log2_qp| {
            let s = Security { log_n, log2_qp };
            (s.verdict(Table::Standard2018), s.verdict(Table::Guidelines2024), s.is_secure())
        };
        assert_eq!(at(15, 868.0), (Verdict::Secure, Verdict::Secure, true));
        assert_eq!(at(15, 868.5), (Verdict::Secure, Verdict::Insecure, false));
        // The chain of the paper's ResNet-20 (method section 4).
        assert_eq!(at(15, 906.0), (Verdict::Insecure, Verdict::Insecure, false));
        assert_eq!(at(17, 3000.0), (Verdict::Unknown, Verdict::Secure, true));
        assert_eq!(at(11, 20.0), (Verdict::Insecure, Verdict::Insecure, false));
        assert_eq!(Verdict::Insecure.to_string(), "insecure");
        let needed = |log2_qp| [Table::Standard2018, Table::Guidelines2024].map(|table| table.needed_log_n(log2_qp));
        assert_eq!(
            [needed(50.0), needed(869.0), needed(1800.0), needed(3600.0)],
            [[Some(12); 2], [Some(15), Some(16)], [None, Some(17)], [None; 2]]
        );
    }
}
