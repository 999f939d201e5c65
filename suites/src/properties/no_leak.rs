//! `no-leak`: no secret appears in output, logs, transcripts, or the arguments of children.

use crate::run::Run;
use crate::verdict::{Class, Judgement, Property};

/// The run's secret is looked for as it is, in hexadecimal and in base64, in everything that others can read.
pub fn check(run: &Run) -> Judgement {
    if run.secret.is_empty() {
        return Judgement::Moot("the run had no secret");
    }
    let forms = Forms::of(&run.secret);
    let leaked = |place: &str, form: &str| {
        let evidence = format!("the password stands in {place}{form}");
        Judgement::broken(Property::NoLeak, Class::Leak, evidence)
    };
    if let Some(form) = forms.found_in(&run.stdout) {
        return leaked("standard output", form);
    }
    if let Some(form) = forms.found_in(&run.stderr) {
        return leaked("standard error or the log", form);
    }
    for child in &run.children {
        if let Some(form) = child.iter().find_map(|argument| forms.found_in(argument)) {
            let program = child.first().map_or("a child", String::as_str);
            return leaked(&format!("the arguments of {program}"), form);
        }
    }
    for event in &run.dialogue {
        let text = format!("{:?}", event.kind);
        if let Some(form) = forms.found_in(&text) {
            return leaked("the transcript", form);
        }
    }
    Judgement::Holds
}

struct Forms([(String, &'static str); 3]);

impl Forms {
    fn of(secret: &str) -> Self {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        // The last group of base64 depends on what follows the secret; the whole groups do not.
        let whole = secret.len() - secret.len() % 3;
        let base64 = base64(secret.as_bytes().get(..whole).unwrap_or_default());
        Forms([(secret.to_owned(), ""), (hex, ", in hexadecimal"), (base64, ", in base64")])
    }

    fn found_in(&self, text: &str) -> Option<&'static str> {
        let lower = text.to_ascii_lowercase();
        self.0
            .iter()
            .filter(|(form, _)| form.len() >= 4)
            .find(|(form, how)| if how.contains("hexa") { lower.contains(form) } else { text.contains(form) })
            .map(|(_, how)| *how)
    }
}

/// Base64 without padding, of whole groups (RFC 4648, section 4).
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks_exact(3) {
        let word = group.iter().fold(0_usize, |word, byte| word << 8 | usize::from(*byte));
        for shift in [18, 12, 6, 0] {
            text.extend(ALPHABET.get(word >> shift & 63).map(|letter| char::from(*letter)));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::truth::Truth;

    fn run() -> Run {
        let mut run = Run::by_hand(Truth::default(), 0, Duration::ZERO);
        run.secret = "n0t-for-ps".to_owned();
        run.stdout = "Success: Powered OFF".to_owned();
        run
    }

    fn evidence(run: &Run) -> Option<String> {
        check(run).breach().map(|breach| breach.evidence)
    }

    #[test]
    fn silence_about_the_secret_is_no_leak() {
        assert_eq!(check(&run()), Judgement::Holds);
        let mut near = run();
        near.stdout = "n0t-for-p".to_owned();
        assert_eq!(check(&near), Judgement::Holds, "the secret without its last letter is not the secret");
    }

    #[test]
    fn each_place_and_each_form() {
        let mut plain = run();
        plain.stderr = "running ipmitool -P n0t-for-ps".to_owned();
        assert!(evidence(&plain).unwrap().contains("standard error"));
        let mut hex = run();
        hex.stdout = "6E30742D666F722D7073".to_owned();
        assert!(evidence(&hex).unwrap().contains("hexadecimal"));
        let mut b64 = run();
        b64.stdout = "Authorization: Basic bjB0LWZvci1wcw==".to_owned();
        assert!(evidence(&b64).unwrap().contains("base64"));
        let mut child = run();
        child.children = vec![vec!["ipmitool".to_owned(), "-P".to_owned(), "n0t-for-ps".to_owned()]];
        assert!(evidence(&child).unwrap().contains("arguments of ipmitool"));
    }
}
