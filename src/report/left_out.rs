//! What a report does not have, and why.

/// A table or figure that the rows have no data for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Which.
    pub what: String,
    /// Why.
    pub why: String,
}

impl LeftOut {
    /// What is there, and what is not.
    pub fn sort<T>(all: impl IntoIterator<Item = (&'static str, Result<T, String>)>) -> (Vec<T>, Vec<Self>) {
        let (mut made, mut left_out) = (Vec::new(), Vec::new());
        for (what, outcome) in all {
            match outcome {
                Ok(one) => made.push(one),
                Err(why) => left_out.push(Self { what: what.to_owned(), why }),
            }
        }
        (made, left_out)
    }
}
