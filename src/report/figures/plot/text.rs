//! Text in lines that fit.

use crate::report::figures::font::text_width;

/// Breaks a text between words into lines that are no wider than `room` units; a word that is wider has a line of its own.
#[must_use]
pub fn wrap(text: &str, size: u32, room: u32) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words(text) {
        match lines.last_mut() {
            Some(line) if text_width(&format!("{line} {word}"), size) <= room => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// The words of a text; a number is one word with what it counts, and so is an equation.
fn words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut open = false;
    for word in text.split(' ') {
        match words.last_mut() {
            Some(last) if open || word == "=" => {
                last.push(' ');
                last.push_str(word);
            }
            _ => words.push(word.to_owned()),
        }
        open = word == "=" || word.parse::<f64>().is_ok();
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_lose_no_word() {
        let text = "word ".repeat(30);
        let lines = wrap(text.trim(), 14, 200);
        assert!(lines.len() > 3 && lines.iter().all(|line| text_width(line, 14) <= 200), "{lines:?}");
        assert_eq!(lines.join(" "), text.trim());
        assert_eq!(wrap("wide", 14, 1), ["wide"]);
        assert_eq!(words("K = 64, 2 threads at 95 %"), ["K = 64,", "2 threads", "at", "95 %"]);
    }
}
