//! The first line of a table, and how it differs from what belongs there.

/// Most columns that a difference names.
const NAMED: usize = 8;

/// What stands between the cells of a table, by its first line: a comma, or what spreadsheets of some countries write instead.
#[must_use]
pub fn delimiter(header: &str) -> u8 {
    match header {
        header if header.contains(',') => b',',
        header if header.contains(';') => b';',
        header if header.contains('\t') => b'\t',
        _ => b',',
    }
}

/// How the header of a table is to the one that this version writes. Quotes and a line end of another kind make no difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fit {
    /// They are the same.
    Same,
    /// It is the beginning of the same: a run that was killed while it made the file leaves that.
    Begun,
    /// It has some of the columns and no other, as an earlier version wrote it; what it lacks, in words.
    Older(String),
    /// It has columns that are not known, or another form; how, in words.
    Other(String),
}

/// How the header `found` is to the `expected` one.
#[must_use]
pub fn fit(found: &str, expected: &str) -> Fit {
    if !found.ends_with('\n') && found.len() <= expected.trim_end().len() && expected.starts_with(found) {
        return Fit::Begun;
    }
    let delimiter = delimiter(found);
    let found: Vec<&str> = cells(found, char::from(delimiter));
    let expected: Vec<&str> = cells(expected, ',');
    if found == expected && delimiter == b',' {
        return Fit::Same;
    }
    let without = |these: &[&str], those: &[&str]| {
        let all: Vec<String> =
            these.iter().filter(|name| !those.contains(name)).map(|name| format!("`{name}`")).collect();
        let more = all.len().saturating_sub(NAMED);
        let named = all.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        if more > 0 { format!("{named} and {more} more") } else { named }
    };
    let (lacking, unknown) = (without(&expected, &found), without(&found, &expected));
    if delimiter == b',' && unknown.is_empty() && !lacking.is_empty() {
        return Fit::Older(format!("it lacks {lacking}"));
    }
    let mut parts = Vec::new();
    if delimiter != b',' {
        let sign = if delimiter == b'\t' { "tabs".to_owned() } else { format!("`{}`", char::from(delimiter)) };
        parts.push(format!("its cells are separated by {sign}, not by commas"));
    }
    if !lacking.is_empty() {
        parts.push(format!("it lacks {lacking}"));
    }
    if !unknown.is_empty() {
        parts.push(format!("it has {unknown}"));
    }
    if parts.is_empty() {
        parts.push("they stand in another order".to_owned());
    }
    Fit::Other(parts.join("; "))
}

fn cells(header: &str, delimiter: char) -> Vec<&str> {
    header.trim_end_matches(['\r', '\n']).split(delimiter).map(|name| name.trim_matches('"')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        assert_eq!(fit("a,b,c\r\n", "a,b,c\n"), Fit::Same);
        assert_eq!(fit("\"a\",b,c", "a,b,c"), Fit::Same);
        assert_eq!(["", "a,b", "a,b,c"].map(|found| fit(found, "a,b,c\n")), [Fit::Begun, Fit::Begun, Fit::Begun]);
        let older = Fit::Older("it lacks `b`".to_owned());
        assert_eq!([fit("a,c\r\n", "a,b,c\n"), fit("c,\"a\"", "a,b,c")], [older.clone(), older]);
        let other = |found: &str, expected: &str| match fit(found, expected) {
            Fit::Other(said) => said,
            fit => panic!("{fit:?}"),
        };
        let said = |found: &str| other(found, "a,b,c");
        assert_eq!(said("a,c,d"), "it lacks `b`; it has `d`");
        assert_eq!(said("c,b,a"), "they stand in another order");
        assert_eq!(said("a;b;c"), "its cells are separated by `;`, not by commas");
        assert_eq!(said("a\tb"), "its cells are separated by tabs, not by commas; it lacks `c`");
        let many: Vec<String> = (0..20).map(|number| format!("x{number}")).collect();
        assert!(other("a", &many.join(",")).starts_with("it lacks `x0`, `x1`"));
        assert!(other("a", &many.join(",")).contains("`x7` and 12 more; it has `a`"));
    }
}
