//! Progress of long work: a bar where a person looks, a line now and then elsewhere. On standard error.

use std::cell::{Cell, RefCell};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use fencelab_suites::{Progress, Suite};
use indicatif::{ProgressBar, ProgressStyle};

/// How often a log gets a line.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows how far the suites are.
pub(crate) struct Bar {
    bar: Option<ProgressBar>,
    last: RefCell<Instant>,
    suite: Cell<Option<Suite>>,
}

impl Bar {
    /// A bar on a terminal; lines on anything else.
    pub(crate) fn new() -> Self {
        let bar = std::io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new(1000);
            let style = ProgressStyle::with_template("{prefix:<12} [{bar:30}] {percent:>3}% {wide_msg}");
            if let Ok(style) = style {
                bar.set_style(style.progress_chars("=> "));
            }
            bar
        });
        Self { bar, last: RefCell::new(Instant::now()), suite: Cell::new(None) }
    }

    /// Takes the newest state.
    pub(crate) fn show(&self, progress: &Progress) {
        let left = progress.left.map(|left| format!(", {} s left", left.as_secs())).unwrap_or_default();
        let words =
            format!("{} cases, {} findings{left}: {}", progress.cases, progress.findings, progress.doing);
        let begins = self.suite.replace(Some(progress.suite)) != Some(progress.suite);
        match &self.bar {
            Some(bar) => {
                bar.set_prefix(progress.suite.name());
                bar.set_position((progress.done.clamp(0.0, 1.0) * 1000.0) as u64);
                bar.set_message(words);
            }
            None if begins || self.last.borrow().elapsed() >= LINE_EVERY => {
                *self.last.borrow_mut() = Instant::now();
                eprintln!("{} {:.0}%: {words}", progress.suite, progress.done.clamp(0.0, 1.0) * 100.0);
            }
            None => {}
        }
    }

    /// Takes the bar away.
    pub(crate) fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
