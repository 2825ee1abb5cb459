//! The first line of a table, and how it differs from what belongs there.

/// What some programs put before the first character of a file (UTF-8).
pub const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Most columns that a difference names.
const NAMED: usize = 8;

/// The bytes of a file without its byte order mark.
#[must_use]
pub fn without_mark(content: &[u8]) -> &[u8] {
    content.strip_prefix(BYTE_ORDER_MARK).unwrap_or(content)
}

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

/// How a header differs from the one that belongs there, in words; none: not at all. Quotes and a line end of another kind are no difference.
#[must_use]
pub fn difference(found: &str, expected: &str) -> Option<String> {
    let delimiter = delimiter(found);
    let found: Vec<&str> = cells(found, char::from(delimiter));
    let expected: Vec<&str> = cells(expected, ',');
    if found == expected && delimiter == b',' {
        return None;
    }
    let without = |these: &[&str], those: &[&str]| {
        let all: Vec<String> =
            these.iter().filter(|name| !those.contains(name)).map(|name| format!("`{name}`")).collect();
        let more = all.len().saturating_sub(NAMED);
        let named = all.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
        if more > 0 { format!("{named} and {more} more") } else { named }
    };
    let (lacking, unknown) = (without(&expected, &found), without(&found, &expected));
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
    Some(parts.join("; "))
}

fn cells(header: &str, delimiter: char) -> Vec<&str> {
    header.trim_end_matches(['\r', '\n']).split(delimiter).map(|name| name.trim_matches('"')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_named() {
        assert_eq!(difference("a,b,c\r\n", "a,b,c\n"), None);
        assert_eq!(difference("\"a\",b,c", "a,b,c"), None);
        let said = |found: &str| difference(found, "a,b,c").unwrap();
        assert_eq!(said("a,c,d"), "it lacks `b`; it has `d`");
        assert_eq!(said("c,b,a"), "they stand in another order");
        assert_eq!(said("a;b;c"), "its cells are separated by `;`, not by commas");
        assert_eq!(said("a\tb"), "its cells are separated by tabs, not by commas; it lacks `c`");
        let many: Vec<String> = (0..20).map(|number| format!("x{number}")).collect();
        assert!(difference("a", &many.join(",")).unwrap().starts_with("it lacks `x0`, `x1`"));
        assert!(difference("a", &many.join(",")).unwrap().contains("`x7` and 12 more; it has `a`"));
    }
}
