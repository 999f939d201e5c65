//! How long everything may take.

use std::{collections::BTreeMap, time::Duration};

use crate::options::Values;

/// How long a login or a command may take where its timeout is lifted: the caller's limit rules there, but a question
/// that is never answered must not keep the agent from asking again.
pub(crate) const LIFTED: Duration = Duration::from_secs(20);

/// The times of a run. `None` is "no limit".
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) delay: Duration,
    login: Option<Duration>,
    shell: Option<Duration>,
    pub(crate) power: Option<Duration>,
    /// What `power_timeout` says even where it is lifted, for steps that must end for the sake of what was already
    /// reached. 0 means the usual 20 s.
    pub(crate) power_given: Duration,
    pub(crate) power_wait: Duration,
    pub(crate) status_sleep: Duration,
    pub(crate) retry_on: u32,
}

impl Timing {
    /// The times that the options give. Pacemaker's fencer keeps the time itself, so under it the timeouts are lifted,
    /// unless `disable_timeout` says otherwise.
    pub(crate) fn new(values: &Values, env: &BTreeMap<String, String>) -> Self {
        let under_fencer = env.get("PCMK_service").is_some_and(|service| service == "pacemaker-fenced");
        let lifted = values
            .text("disable_timeout")
            .map_or(under_fencer, |text| crate::options::boolean(text) == Some(true));
        let seconds = |name| Duration::from_secs(u64::from(values.number(name)));
        let limit = |name| Some(seconds(name)).filter(|limit| !lifted && !limit.is_zero());
        Self {
            delay: seconds("delay"),
            login: limit("login_timeout"),
            shell: limit("shell_timeout"),
            power: limit("power_timeout"),
            power_given: Some(seconds("power_timeout")).filter(|limit| !limit.is_zero()).unwrap_or(LIFTED),
            power_wait: seconds("power_wait"),
            status_sleep: seconds("stonith_status_sleep"),
            retry_on: values.number("retry_on"),
        }
    }

    /// The longest time for a login.
    pub(crate) fn login(&self) -> Duration {
        self.login.unwrap_or(LIFTED)
    }

    /// The longest time for a question to a device that has no login: both times together, as agents that call
    /// net-snmp's programs have it.
    pub(crate) fn exchange(&self) -> Duration {
        match (self.login, self.shell) {
            (Some(login), Some(shell)) => login.saturating_add(shell),
            _ => LIFTED,
        }
    }

    /// The longest time for an order to a console, which may prompt again only when the power is there.
    pub(crate) fn order(&self) -> Duration {
        self.shell().max(self.power.unwrap_or(self.power_given))
    }

    /// The longest time for a command.
    pub(crate) fn shell(&self) -> Duration {
        self.shell.unwrap_or(LIFTED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agent::Agent;

    fn timing(stdin: &str, service: Option<&str>) -> Timing {
        let agent = Agent::named("fence_ipmilan").unwrap();
        let (mut values, _) = crate::options::parse_stdin(&agent.options, stdin).unwrap();
        values.fill(&agent.options);
        let env = service.map(|service| ("PCMK_service".to_owned(), service.to_owned()));
        Timing::new(&values, &env.into_iter().collect())
    }

    fn power(stdin: &str, service: Option<&str>) -> Option<u64> {
        timing(stdin, service).power.map(|limit| limit.as_secs())
    }

    #[test]
    fn when_the_timeouts_are_lifted() {
        assert_eq!(power("", None), Some(20));
        assert_eq!(power("power_timeout=7", None), Some(7));
        assert_eq!(power("power_timeout=0", None), None);
        assert_eq!(power("disable_timeout=true", None), None);
        assert_eq!(power("", Some("pacemaker-fenced")), None);
        assert_eq!(power("", Some("other")), Some(20));
        assert_eq!(power("disable_timeout=false", Some("pacemaker-fenced")), Some(20));
    }

    #[test]
    fn an_exchange_is_bounded_all_the_same() {
        let lifted = timing("disable_timeout=1", None);
        assert_eq!((lifted.login(), lifted.shell()), (LIFTED, LIFTED));
        let usual = timing("", None);
        assert_eq!((usual.login().as_secs(), usual.shell().as_secs()), (5, 3));
    }
}
