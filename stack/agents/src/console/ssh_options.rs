//! The option `ssh_options`: arguments for OpenSSH's client, of which the command at their end matters here.

/// What the arguments ask for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct SshOptions {
    /// What to run instead of the user's shell.
    pub(crate) command: Option<String>,
    /// Options that mean nothing here.
    pub(crate) ignored: Vec<String>,
}

/// The options of ssh(1) that take a value.
const WITH_VALUE: &str = "BbcDEeFIiJLlmOopQRSWw";

impl SshOptions {
    /// Reads the arguments as a shell would take them apart.
    pub(crate) fn parse(text: &str) -> Self {
        let mut options = Self::default();
        let mut words = words(text).into_iter().peekable();
        while let Some(word) = words.next_if(|word| word.len() > 1 && word.starts_with('-')) {
            if word == "--" {
                break;
            }
            let letters: Vec<char> = word.chars().skip(1).collect();
            // What takes a value takes the rest of its word, or the next one.
            let valued = letters.iter().position(|letter| WITH_VALUE.contains(*letter));
            let value = match valued {
                Some(at) if at + 1 == letters.len() => words.next(),
                _ => None,
            };
            // A terminal is asked for in any case.
            if letters.iter().all(|letter| *letter == 't') {
                continue;
            }
            // The value may be anything, a secret in the wrong place too.
            options.ignored.push(match (valued, value) {
                (Some(at), _) => format!("-{} …", letters.get(at).copied().unwrap_or_default()),
                (None, _) => word,
            });
        }
        let command: Vec<String> = words.collect();
        options.command = Some(command.join(" ")).filter(|command| !command.is_empty());
        options
    }
}

/// The words of a command line: quotes of both kinds and the reverse slant are those of a shell.
fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, ' ' | '\t' | '\n') => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), close) if open == close => quote = None,
            (None, '\\') => word.get_or_insert_default().extend(chars.next()),
            (Some('"'), '\\') => {
                let word = word.get_or_insert_default();
                match chars.next_if(|next| matches!(next, '"' | '\\' | '$' | '`')) {
                    Some(escaped) => word.push(escaped),
                    None => word.push('\\'),
                }
            }
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_at_the_end_is_run() {
        let options =
            SshOptions::parse(r#"-t '/bin/bash -c "PS1=\\[EXPECT\\]# /bin/bash --noprofile --norc"'"#);
        let command = r#"/bin/bash -c "PS1=\\[EXPECT\\]# /bin/bash --noprofile --norc""#;
        assert_eq!(options, SshOptions { command: Some(command.to_owned()), ignored: Vec::new() });
    }

    #[test]
    fn other_options_are_passed_over_with_their_values() {
        let options =
            SshOptions::parse("-1 -c blowfish -oPort=1 -o StrictHostKeyChecking=no -tt -F /dev/null");
        assert_eq!(options.command, None);
        assert_eq!(options.ignored, ["-1", "-c …", "-o …", "-o …", "-F …"]);
        assert_eq!(SshOptions::parse("-- sh -l").command.as_deref(), Some("sh -l"));
        assert_eq!(SshOptions::parse("").command, None);
        assert_eq!(SshOptions::parse("'").command, None, "nothing");
    }
}
