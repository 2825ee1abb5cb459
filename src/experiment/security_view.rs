//! What the published lines say about a chain of primes, of the article's code or any other.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::records::SecurityVerdict;
use crate::ckks::security::{Security, Table};
use crate::network::registry::{NamedArchitecture, PaperChain, REGISTRY};

/// Most bits that a chain may have; above every line, below every overflow.
const MOST_BITS: f64 = 1e6;

/// The sizes of a chain's primes in bits, special ones included, such as `60,40x20,60`: one of 60, twenty of 40, one of 60.
#[derive(Debug, Clone, PartialEq)]
pub struct ChainBits(Vec<(f64, u32)>);

impl From<PaperChain> for ChainBits {
    fn from(chain: PaperChain) -> Self {
        Self(chain.primes.iter().map(|(bits, count)| (f64::from(*bits), *count)).collect())
    }
}

/// A text that is no chain.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{found}` is no chain: write sizes of primes in bits, special primes included, such as 60,40x20,60 for one of 60, twenty of 40 and one of 60"
)]
pub struct NoChain {
    /// What was written.
    pub found: String,
}

impl ChainBits {
    /// log2 of the product, if the primes are as large as their bits allow.
    #[must_use]
    pub fn total(&self) -> f64 {
        self.0.iter().map(|(bits, count)| bits * f64::from(*count)).sum()
    }
}

impl FromStr for ChainBits {
    type Err = NoChain;

    fn from_str(text: &str) -> Result<Self, NoChain> {
        let part = |part: &str| {
            let (bits, count) = part.split_once('x').unwrap_or((part, "1"));
            let (bits, count): (f64, u32) = (bits.trim().parse().ok()?, count.trim().parse().ok()?);
            (bits.is_finite() && bits > 0.0 && count > 0).then_some((bits, count))
        };
        let parts: Option<Vec<(f64, u32)>> = text.split(',').map(part).collect();
        let chain = parts.map(Self).filter(|chain| chain.total() <= MOST_BITS);
        chain.ok_or_else(|| NoChain { found: text.to_owned() })
    }
}

impl fmt::Display for ChainBits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (bits, count)) in self.0.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            match count {
                1 => write!(f, "{comma}{bits}")?,
                _ => write!(f, "{comma}{bits}x{count}")?,
            }
        }
        Ok(())
    }
}

/// A chain under the published lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SecurityView {
    /// The network whose chain it is in the article's code; none: it was given.
    pub network: Option<String>,
    /// Bits of its primes, such as `60,40x20,60`.
    pub chain: String,
    /// log2 of the ring dimension.
    pub log_n: u32,
    /// log2 of the product of all primes, special ones included.
    pub log2_qp: f64,
    /// Under the homomorphic encryption standard of 2018.
    pub standard_2018: SecurityLine,
    /// Under the guidelines of 2024, the stricter ones.
    pub guidelines_2024: SecurityLine,
}

/// What one table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityLine {
    /// Largest log2 QP for 128 bits at this ring dimension; none: the table has no line for it.
    pub limit: Option<u32>,
    /// The verdict.
    pub verdict: SecurityVerdict,
    /// log2 of the smallest ring dimension at which the chain has 128 bits; none: the table has no such.
    pub needed_log_n: Option<u32>,
}

impl SecurityView {
    /// A chain at N = 2^`log_n`.
    #[must_use]
    pub fn new(network: Option<&str>, chain: &ChainBits, log_n: u32) -> Self {
        let log2_qp = chain.total();
        let security = Security { log_n, log2_qp };
        let line = |table: Table| SecurityLine {
            limit: table.limit(log_n),
            verdict: security.verdict(table).into(),
            needed_log_n: table.needed_log_n(log2_qp),
        };
        let [standard_2018, guidelines_2024] = [Table::Standard2018, Table::Guidelines2024].map(line);
        let (network, chain) = (network.map(str::to_owned), chain.to_string());
        Self { network, chain, log_n, log2_qp, standard_2018, guidelines_2024 }
    }
}

/// The chains of the article's code.
#[must_use]
pub fn article_chains() -> Vec<SecurityView> {
    let view = |known: &NamedArchitecture| {
        let chain = known.paper_chain?;
        Some(SecurityView::new(Some(known.name), &chain.into(), chain.log_n))
    };
    REGISTRY.iter().filter_map(view).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chains_are_sums_of_their_primes() {
        let total = |text: &str| text.parse::<ChainBits>().map(|chain| chain.total());
        assert_eq!(total("60,40x20,60"), Ok(920.0));
        // The article's ResNet-20 (method section 4): 20 x 42 + 22 + 44.
        assert_eq!(total("22, 42x20, 44"), Ok(906.0));
        assert_eq!(total("41.5x2"), Ok(83.0));
        assert_eq!("22, 42x20,44".parse::<ChainBits>().unwrap().to_string(), "22,42x20,44");
        for wrong in ["", "60,", "60;40", "x20", "40x", "40x0", "-40", "0", "nan", "inf", "40x4294967295", "40x20x2"] {
            let text = total(wrong).unwrap_err().to_string();
            assert!(text.starts_with(&format!("`{wrong}` is no chain: write sizes")), "{text}");
        }
    }

    #[test]
    fn the_article_s_chains_have_the_method_s_verdicts() {
        use SecurityVerdict::{Insecure, Secure};
        let views = article_chains();
        let of = |name: &str| views.iter().find(|view| view.network.as_deref() == Some(name)).unwrap();
        // Method section 11.
        for (name, bits, old, new) in [
            ("resnet18", 869.0, Secure, Insecure),
            ("resnet20", 906.0, Insecure, Insecure),
            ("vgg16", 883.0, Insecure, Insecure),
            ("resnet32", 1745.0, Secure, Secure),
        ] {
            let view = of(name);
            assert_eq!((view.log2_qp, view.standard_2018.verdict, view.guidelines_2024.verdict), (bits, old, new));
        }
        assert_eq!(
            (of("resnet18").standard_2018.needed_log_n, of("resnet18").guidelines_2024.needed_log_n),
            (Some(15), Some(16))
        );
        assert_eq!((of("resnet32").log_n, of("resnet32").guidelines_2024.limit), (16, Some(1747)));
        assert_eq!(of("vgg16").chain, "54,50x15,25,54");
        let beyond = SecurityView::new(None, &"4000".parse().unwrap(), 18).guidelines_2024;
        assert_eq!((beyond.limit, beyond.verdict, beyond.needed_log_n), (None, SecurityVerdict::Unknown, None));
    }
}
