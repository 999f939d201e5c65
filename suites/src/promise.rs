//! How long an agent may take: what its own options promise to the caller.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::case::{Action, Case};

/// The contract's timing options, in seconds; an option that the case does not give has the default of the agent's metadata,
/// or else the contract's.
#[derive(Clone, Debug, PartialEq)]
pub struct Timing {
    values: BTreeMap<&'static str, f64>,
    lifted: bool,
    /// Exchanges for a question or a command, over all the plugs of the call.
    ask: f64,
    /// Exchanges for a list.
    list: f64,
    by_power_timeout: bool,
}

/// Names and defaults of the contract (page "Standard options").
const DEFAULTS: [(&str, f64); 8] = [
    ("delay", 0.0),
    ("login_timeout", 5.0),
    ("shell_timeout", 3.0),
    ("power_timeout", 20.0),
    ("power_wait", 0.0),
    ("stonith_status_sleep", 1.0),
    ("retry_on", 1.0),
    ("ipmitool_timeout", 2.0),
];

/// What one action costs in questions to the device, for the promise of an agent.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Effort {
    /// Exchanges for one question about a plug, or one command: finding out what the device is counts.
    pub ask: u32,
    /// Exchanges for a list of all plugs.
    pub list: u32,
    /// Whether agents give the tool that asks as long as `power_timeout`.
    pub by_power_timeout: bool,
}

impl Default for Effort {
    /// One exchange for everything.
    fn default() -> Self {
        Effort { ask: 1, list: 1, by_power_timeout: true }
    }
}

/// What starting a process, an interpreter and its libraries may take on a busy machine.
const START: Duration = Duration::from_secs(5);

impl Timing {
    /// The timing of a case, with the defaults that the agent's metadata names, where actions cost so much effort.
    pub fn of(case: &Case, defaults: &BTreeMap<String, String>, effort: Effort) -> Self {
        let number = |map: &BTreeMap<String, String>, key: &str| {
            map.get(key).and_then(|text| text.parse::<f64>().ok())
        };
        let values = DEFAULTS
            .into_iter()
            .map(|(key, fallback)| {
                (key, number(&case.options, key).or_else(|| number(defaults, key)).unwrap_or(fallback))
            })
            .collect();
        let asked = case
            .options
            .get("disable_timeout")
            .map(|value| matches!(value.as_str(), "1" | "yes" | "on" | "true"));
        let plugs = u32::try_from(case.plugs().count()).unwrap_or(u32::MAX);
        Timing {
            values,
            lifted: asked.unwrap_or(case.as_service),
            ask: f64::from(effort.ask.saturating_mul(plugs)),
            list: f64::from(effort.list),
            by_power_timeout: effort.by_power_timeout,
        }
    }

    /// The value of a timing option, in seconds.
    pub(crate) fn seconds(&self, key: &str) -> f64 {
        self.values.get(key).copied().unwrap_or_default()
    }

    /// The promise for one run of `action`, or `None` where the options lift the limit (`disable_timeout`, `PCMK_service`,
    /// or a limit of 0).
    ///
    /// The contract has no formula; this one grants each option in full wherever the contract lets it be spent:
    /// - an *exchange* is one login with its question: `login_timeout + shell_timeout`, or `power_timeout` where that is
    ///   longer and agents use it as the limit of the tool that they call; the link says so, and how many exchanges a question
    ///   about a plug, a command, or a list needs; each plug of a call is asked and ordered by itself;
    /// - off and on: ask first, command, `power_wait`, then poll for `power_timeout`, where the last poll may begin at the
    ///   deadline and take a whole exchange and a `stonith_status_sleep`;
    /// - on is attempted `1 + retry_on` times; reboot is both in a row.
    pub fn promise(&self, action: Action) -> Option<Duration> {
        let limits = ["login_timeout", "shell_timeout", "power_timeout"];
        if self.lifted || limits.iter().any(|key| self.seconds(key) <= 0.0) {
            return None;
        }
        let power = self.seconds("power_timeout");
        let brief = self.seconds("login_timeout") + self.seconds("shell_timeout");
        let single = if self.by_power_timeout { brief.max(power) } else { brief };
        let exchange = self.ask * single;
        let reach =
            exchange + self.seconds("power_wait") + power + self.seconds("stonith_status_sleep") + exchange;
        let attempts = 1.0 + self.seconds("retry_on");
        let seconds = match action {
            Action::Metadata | Action::Manpage | Action::ValidateAll => 0.0,
            Action::Status => exchange,
            Action::Monitor | Action::List | Action::ListStatus => exchange.max(self.list * single),
            Action::Off | Action::Disable => self.seconds("delay") + exchange + reach,
            Action::On | Action::Enable => exchange + attempts * reach,
            Action::Reboot => self.seconds("delay") + exchange + reach + attempts * reach,
            Action::Diag => exchange + attempts * (exchange + self.seconds("power_wait")),
        };
        Some(Duration::from_secs_f64(seconds * 1.1) + START)
    }

    /// When the lab kills the agent, whatever was promised: later than the promise, so that a late end is still seen as one.
    /// Where there is none, an agent that waits for ever is not waited for; one that asks for each plug of a long list is.
    pub fn last_bound(&self, action: Action) -> Duration {
        const LIFTED: Duration = Duration::from_secs(180);
        const EACH: f64 = 2.0;
        let lists = matches!(action, Action::Monitor | Action::List | Action::ListStatus);
        let lifted = if lists { LIFTED.max(Duration::from_secs_f64(EACH * self.list)) } else { LIFTED };
        self.promise(action).map_or(lifted, |promise| promise * 2 + START)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use fencelab_devices::Power;

    fn case(options: &[(&str, &str)]) -> Case {
        let mut case = Case::healthy("v/m", "a", Action::Off, "1", Power::On);
        case.options = options.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        case
    }

    #[test]
    fn the_contracts_defaults() {
        let timing = Timing::of(&case(&[]), &BTreeMap::new(), Effort::default());
        // status: one exchange of 20 s.
        assert_eq!(timing.promise(Action::Status), Some(Duration::from_secs(22) + START));
        // off: 20 + (20 + 0 + 20 + 1 + 20) s and a tenth.
        assert_eq!(timing.promise(Action::Off), Some(Duration::from_secs_f64(81.0 * 1.1) + START));
    }

    #[test]
    fn the_case_wins_over_the_metadata() {
        let metadata = BTreeMap::from([("power_timeout".to_owned(), "40".to_owned())]);
        let slow = Timing::of(&case(&[]), &metadata, Effort::default()).promise(Action::Status);
        let quick = Timing::of(
            &case(&[("power_timeout", "2"), ("login_timeout", "1"), ("shell_timeout", "1")]),
            &metadata,
            Effort::default(),
        );
        assert_eq!(slow, Some(Duration::from_secs(44) + START));
        assert_eq!(quick.promise(Action::Status), Some(Duration::from_secs_f64(2.2) + START));
    }

    #[test]
    fn each_exchange_of_each_plug_counts() {
        let mut two = case(&[]);
        two.also = vec!["2".to_owned()];
        let timing = Timing::of(&two, &BTreeMap::new(), Effort { ask: 3, list: 10, by_power_timeout: true });
        // status: three exchanges of 20 s for each of two plugs.
        assert_eq!(timing.promise(Action::Status), Some(Duration::from_secs(132) + START));
        assert_eq!(timing.promise(Action::List), Some(Duration::from_secs(220) + START));
    }

    #[test]
    fn no_limit_is_no_promise() {
        assert_eq!(
            Timing::of(&case(&[("power_timeout", "0")]), &BTreeMap::new(), Effort::default())
                .promise(Action::Off),
            None
        );
        assert_eq!(
            Timing::of(&case(&[("disable_timeout", "1")]), &BTreeMap::new(), Effort::default())
                .promise(Action::Off),
            None
        );
        let mut service = case(&[]);
        service.as_service = true;
        assert_eq!(Timing::of(&service, &BTreeMap::new(), Effort::default()).promise(Action::Off), None);
        service.options.insert("disable_timeout".to_owned(), "0".to_owned());
        assert!(
            Timing::of(&service, &BTreeMap::new(), Effort::default()).promise(Action::Off).is_some(),
            "an explicit 0 wins over the service"
        );
    }
}
