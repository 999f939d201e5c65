//! What is said to a device, step by step, as data.

/// One thing that is said, and what the device then comes to.
///
/// What is said may hold `{plug}`, the plug as the dialect writes it, and `{…}` with the name of another thing that the
/// [`Talk`](super::talk::Talk) knows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Say {
    /// The line.
    pub(crate) line: &'static str,
    /// Whether it ends with the end of a line; a menu may want a bare key.
    pub(crate) bare: bool,
    /// What the device then comes to; `None` for its prompt. The pattern may hold `{plug}`, too.
    pub(crate) until: Option<&'static str>,
    /// Whether an ordinary prompt may come instead of it, and what is said then. Without it, that is a refusal.
    pub(crate) otherwise: Option<&'static str>,
    /// Whether the prompt is another one from now on; what `until` gives is then the only one.
    pub(crate) new_prompt: bool,
    /// Whether a refusal of it means nothing.
    pub(crate) may_fail: bool,
    /// Whether it is an order, which may take as long as the power does.
    pub(crate) slow: bool,
}

impl Say {
    /// A line, after which the device prompts again.
    pub(crate) const fn line(line: &'static str) -> Self {
        Self {
            line,
            bare: false,
            until: None,
            otherwise: None,
            new_prompt: false,
            may_fail: false,
            slow: false,
        }
    }

    /// A key.
    pub(crate) const fn key(line: &'static str) -> Self {
        Self { bare: true, ..Self::line(line) }
    }

    /// What the device comes to instead of its prompt.
    pub(crate) const fn until(self, pattern: &'static str) -> Self {
        Self { until: Some(pattern), ..self }
    }

    /// What is said if the device comes to its prompt instead.
    pub(crate) const fn otherwise(self, line: &'static str) -> Self {
        Self { otherwise: Some(line), ..self }
    }

    /// The prompt that comes is the one from now on.
    pub(crate) const fn new_prompt(self) -> Self {
        Self { new_prompt: true, ..self }
    }

    /// A refusal means nothing.
    pub(crate) const fn may_fail(self) -> Self {
        Self { may_fail: true, ..self }
    }

    /// It may take as long as the power does.
    pub(crate) const fn slow(self) -> Self {
        Self { slow: true, ..self }
    }
}
