//! What a value of another type than its key holds should have been written as.

/// What a parser says of a value of another type, with what to write instead where that is known.
#[must_use]
pub fn in_words(message: &str) -> String {
    let Some((found, expected)) =
        message.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "))
    else {
        return message.to_owned();
    };
    let wanted = match expected {
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "i32" | "i64" => "a whole number, which may be negative",
        "f32" | "f64" => "a number",
        "a string" => "a text",
        other => other,
    };
    if found == "unit value" {
        return format!("the key has no value; give it {wanted}, or remove the key");
    }
    let text = found.strip_prefix("string \"").and_then(|text| text.strip_suffix('"'));
    let advice = match (text, expected) {
        (Some("on" | "On" | "ON" | "yes" | "Yes" | "YES" | "y" | "Y" | "1"), "a boolean") => {
            "; write `true`".to_owned()
        }
        (Some("off" | "Off" | "OFF" | "no" | "No" | "NO" | "n" | "N" | "0"), "a boolean") => {
            "; write `false`".to_owned()
        }
        (Some("true" | "false"), "a boolean") => "; remove the quotes".to_owned(),
        (Some(text), _) if text.trim().parse::<f64>().is_ok() && wanted.contains("number") => {
            "; remove the quotes".to_owned()
        }
        (_, "a boolean") => "; write `true` or `false`".to_owned(),
        (None, "a string") => "; put it into quotes".to_owned(),
        (None, "a sequence") if !found.starts_with("map") => "; put it into brackets, as in `[1, 2]`".to_owned(),
        _ => String::new(),
    };
    format!("invalid type: {found}, expected {wanted}{advice}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_to_write_is_said() {
        let said = |found: &str, expected: &str| in_words(&format!("invalid type: {found}, expected {expected}"));
        assert!(said("string \"off\"", "a boolean").ends_with("expected a boolean; write `false`"));
        assert!(said("string \"12\"", "u32").ends_with("expected a whole number; remove the quotes"));
        assert!(said("string \"2e1\"", "f64").ends_with("expected a number; remove the quotes"));
        assert!(said("integer `12`", "a boolean").ends_with("expected a boolean; write `true` or `false`"));
        assert!(
            said("integer `1`", "a sequence").ends_with("expected a sequence; put it into brackets, as in `[1, 2]`")
        );
        assert!(said("integer `20`", "a string").ends_with("expected a text; put it into quotes"));
        assert_eq!(said("unit value", "a sequence"), "the key has no value; give it a sequence, or remove the key");
        assert_eq!(in_words("something else, expected u32"), "something else, expected u32");
    }
}
