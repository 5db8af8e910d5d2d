//! The text for the person refused.

use std::fmt::Write as _;

use super::verdict::{Effect, Judged, Verdict};

/// The most lines that a refusal has; a request can break a rule a thousand times over.
const LINE_LIMIT: usize = 40;

/// The most characters of one finding, in messages and in the log.
const TEXT_LIMIT: usize = 300;

/// Renders a refusal: a first line, then a line for each thing that refuses, with its mend.
///
/// The docker client prints it as it is, behind `authorization denied by plugin NAME: `.
pub(super) fn render(verdict: &Verdict, noun: &str) -> String {
    let denying: Vec<&Judged> = verdict
        .judged()
        .iter()
        .filter(|judged| matches!(judged.effect, Effect::Deny { .. }))
        .collect();
    let problems = || denying.iter().filter(|judged| judged.is_problem);
    // Nobody wrote these requests badly: they did not arrive, or the gate is at fault.
    let lost = ["unreadable-envelope", "missing-body", "gate-failure"];
    let trouble = match problems().next() {
        None => "",
        Some(_) if problems().all(|judged| lost.contains(&judged.id)) => {
            "this request could not be judged"
        }
        Some(_) => "this request cannot be read in exactly one way",
    };
    let mut rules: Vec<&str> = denying
        .iter()
        .filter(|judged| !judged.is_problem)
        .map(|judged| judged.id)
        .collect();
    rules.dedup();
    let refuse = match rules.len() {
        1 => "1 rule refuses".to_owned(),
        many => format!("{many} rules refuse"),
    };
    let mut text = match (trouble, rules.len()) {
        ("", _) => format!("{refuse} this {noun}"),
        (trouble, 0) => trouble.to_owned(),
        (trouble, _) => format!("{trouble}, and {refuse} it"),
    };
    for judged in denying.iter().take(LINE_LIMIT) {
        let _ = write!(
            text,
            "\n  {}: {}; {}",
            judged.id,
            plain(&judged.found),
            plain(&judged.fix)
        );
        if let Effect::Deny {
            expired: Some((until, _)),
        } = &judged.effect
        {
            let _ = write!(text, " (an exemption for this ended on {until})");
        }
    }
    if denying.len() > LINE_LIMIT {
        let more = denying.len().saturating_sub(LINE_LIMIT);
        let _ = write!(text, "\n  and {more} more");
    }
    text
}

/// Text that a terminal or a log shows as it is: no control characters, nothing that turns the
/// direction of writing, and an end.
pub(super) fn plain(text: &str) -> String {
    let mut plain: String = text
        .chars()
        .take(TEXT_LIMIT)
        .map(|char| if is_plain(char) { char } else { '\u{fffd}' })
        .collect();
    if text.chars().nth(TEXT_LIMIT).is_some() {
        plain.push('…');
    }
    plain
}

fn is_plain(char: char) -> bool {
    !char.is_control()
        && !matches!(
            char,
            // Unicode 16, category Cf (format characters), and the separators of lines and
            // paragraphs.
            '\u{ad}'
                | '\u{600}'..='\u{605}'
                | '\u{61c}'
                | '\u{6dd}'
                | '\u{70f}'
                | '\u{890}'..='\u{891}'
                | '\u{8e2}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{110bd}'
                | '\u{110cd}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_the_caller_is_plain_and_short() {
        assert_eq!(
            plain("a\x1b[31m\r\nb\u{202e}\u{9b}"),
            "a\u{fffd}[31m\u{fffd}\u{fffd}b\u{fffd}\u{fffd}"
        );
        assert_eq!(plain(&"é".repeat(TEXT_LIMIT)).chars().count(), TEXT_LIMIT);
        assert_eq!(plain(&"é".repeat(10_000)).chars().count(), TEXT_LIMIT + 1);
    }
}
