//! The log of a run: standard error, the world's own log, the debug file. It holds back every secret that it knows.

use fencelab_link::{Level, World};

/// A secret shorter than this is not looked for in texts: it would be found in every other word.
const SECRET_LENGTH_MIN: usize = 3;

/// Fixed width, so that the length of a secret does not show.
const HIDDEN: &str = "********";

/// The log.
pub(crate) struct Log<'a> {
    stream: &'a mut dyn FnMut(&str),
    stderr: String,
    shown: Option<Level>,
    threshold: Level,
    debug_file: Option<String>,
    secrets: Vec<String>,
}

impl<'a> Log<'a> {
    /// A log that shows warnings and errors, each line at once through `stream`.
    pub(crate) fn new(stream: &'a mut dyn FnMut(&str)) -> Self {
        let threshold = Level::Warning;
        Self {
            stream,
            stderr: String::new(),
            shown: Some(threshold),
            threshold,
            debug_file: None,
            secrets: Vec::new(),
        }
    }

    /// `quiet` keeps standard error empty, unless somebody asks for more than failures.
    pub(crate) fn set_verbosity(&mut self, level: u32, quiet: bool) {
        self.threshold = if level > 0 { Level::Debug } else { Level::Warning };
        self.shown = (level > 0 || !quiet).then_some(self.threshold);
    }

    /// Writes everything to this file too.
    pub(crate) fn set_debug_file(&mut self, path: &str) {
        self.debug_file = Some(path.to_owned());
    }

    /// Never shows this text from now on.
    pub(crate) fn hide(&mut self, secret: &str) {
        if secret.chars().count() >= SECRET_LENGTH_MIN && !self.secrets.iter().any(|known| known == secret) {
            self.secrets.push(secret.to_owned());
            // The longer first, so that a secret within another does not leave a rest.
            self.secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        }
    }

    /// Writes a line.
    pub(crate) fn write(&mut self, world: &mut dyn World, level: Level, text: &str) {
        let wanted = level <= self.threshold;
        if !wanted && self.debug_file.is_none() {
            return;
        }
        let text = self.clean(text);
        if let Some(path) = &self.debug_file {
            let now = world.now();
            let line = format!("{:>10.6} {}: {text}", now.as_secs_f64(), level.name());
            if let Err(error) = world.append_file(path, &line) {
                self.debug_file = None;
                self.write(world, Level::Warning, &format!("debug file: {error}"));
            }
        }
        if wanted {
            world.log(level, &text);
        }
        if self.shown.is_some_and(|shown| level <= shown) {
            let line = format!("{}: {text}\n", level.name());
            (self.stream)(&line);
            self.stderr.push_str(&line);
        }
    }

    /// What went to standard error.
    pub(crate) fn into_stderr(self) -> String {
        self.stderr
    }

    /// One line without secrets.
    fn clean(&self, text: &str) -> String {
        let mut text = text.replace(|c: char| c.is_control(), " ");
        for secret in &self.secrets {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), HIDDEN);
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use fencelab_link::memory::MemoryWorld;

    use super::*;

    fn written(quiet: bool, level: u32) -> (String, String) {
        let mut world = MemoryWorld::new(0);
        let mut stream = |_: &str| ();
        let mut log = Log::new(&mut stream);
        log.hide("hunter2");
        log.hide("hunter22");
        log.hide("on");
        log.set_verbosity(level, quiet);
        log.set_debug_file("debug");
        log.write(&mut world, Level::Error, "no\nconnection for hunter22");
        log.write(&mut world, Level::Debug, "asked");
        (log.into_stderr(), world.files()["debug"].clone())
    }

    #[test]
    fn secrets_are_hidden_and_lines_stay_lines() {
        let (stderr, file) = written(false, 0);
        assert_eq!(stderr, "ERROR: no connection for ********\n");
        assert_eq!(file, "  0.000000 ERROR: no connection for ********\n  0.000000 DEBUG: asked\n");
    }

    #[test]
    fn quiet_and_verbose() {
        assert_eq!(written(true, 0).0, "");
        assert_eq!(written(true, 1).0.lines().count(), 2, "verbose wins");
    }
}
