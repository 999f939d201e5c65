//! The words of a verdict: which property, how it was broken, and what was seen.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What an agent must keep to (the design's table "How a verdict is reached"). One checker each, in [`crate::properties`].
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Property {
    /// Exit 0 of off or reboot means that the plug really was off.
    NoFalseOff,
    /// `status` never says the opposite of what was true all along.
    NoFalseStatus,
    /// No other plug ever changes.
    RightPlug,
    /// The verdict does not depend on how the bytes are cut.
    Segmentation,
    /// The agent ends within the time its options promise.
    Bounded,
    /// Once the faults end, a retry succeeds.
    Heals,
    /// Asking for the state a plug already has is success and moves nothing.
    Idempotent,
    /// Options on the command line and on standard input give the same run.
    Parity,
    /// Each advertised action works on a healthy device.
    EveryAction,
    /// No secret appears in output, logs, or the arguments of children.
    NoLeak,
}

impl Property {
    /// Every property, in the order in which reports show them.
    pub const ALL: [Property; 10] = [
        Property::NoFalseOff,
        Property::NoFalseStatus,
        Property::RightPlug,
        Property::Segmentation,
        Property::Bounded,
        Property::Heals,
        Property::Idempotent,
        Property::Parity,
        Property::EveryAction,
        Property::NoLeak,
    ];

    /// The name in reports, in expected findings and after `--property`.
    pub fn name(self) -> &'static str {
        match self {
            Property::NoFalseOff => "no-false-off",
            Property::NoFalseStatus => "no-false-status",
            Property::RightPlug => "right-plug",
            Property::Segmentation => "segmentation",
            Property::Bounded => "bounded",
            Property::Heals => "heals",
            Property::Idempotent => "idempotent",
            Property::Parity => "parity",
            Property::EveryAction => "every-action",
            Property::NoLeak => "no-leak",
        }
    }

    /// What the property says, in one sentence.
    pub fn says(self) -> &'static str {
        match self {
            Property::NoFalseOff => "an off or reboot that succeeds has really seen the plug off",
            Property::NoFalseStatus => "status never says the opposite of what was true all along",
            Property::RightPlug => "no other plug ever changes",
            Property::Segmentation => "the verdict does not depend on how the bytes are cut",
            Property::Bounded => "the agent ends within the time its options promise",
            Property::Heals => "once the faults end, a retry succeeds",
            Property::Idempotent => "asking for the state a plug already has is success and moves nothing",
            Property::Parity => "argv and stdin give the same run",
            Property::EveryAction => "each advertised action works on a healthy device",
            Property::NoLeak => "no secret appears in output, logs, transcripts, or arguments of children",
        }
    }
}

impl fmt::Display for Property {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A name that is no property's.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("no property is called `{0}`; use one of {known}", known = Property::ALL.map(Property::name).join(", "))]
pub struct UnknownProperty(pub String);

impl FromStr for Property {
    type Err = UnknownProperty;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Property::ALL
            .into_iter()
            .find(|property| property.name() == text)
            .ok_or_else(|| UnknownProperty(text.to_owned()))
    }
}

/// What kind of wrong a finding is; in order of gravity, the gravest first: safety, then what stands in its way.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Hash, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// It said what was not so.
    Lie,
    /// A plug moved that nobody asked for.
    WrongPlug,
    /// A secret was seen where others can read it.
    Leak,
    /// It did not end in the promised time.
    Hang,
    /// It was ended by a signal, or ended with an exit code outside the contract.
    Crash,
    /// It failed where it had to succeed.
    Refusal,
}

impl Class {
    /// Every class, the gravest first.
    pub const ALL: [Class; 6] =
        [Class::Lie, Class::WrongPlug, Class::Leak, Class::Hang, Class::Crash, Class::Refusal];

    /// The name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Class::Lie => "lie",
            Class::Refusal => "refusal",
            Class::Hang => "hang",
            Class::Crash => "crash",
            Class::Leak => "leak",
            Class::WrongPlug => "wrong-plug",
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// How a property was broken in one case.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
pub struct Breach {
    /// Which property.
    pub property: Property,
    /// What kind of wrong.
    pub class: Class,
    /// What was seen, in one or two sentences.
    pub evidence: String,
}

/// What one checker says of one case.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Judgement {
    /// The property was at stake and held.
    Holds,
    /// The property was broken.
    Broken(Breach),
    /// The case says nothing about the property, and why.
    Moot(&'static str),
    /// What the agent said was not so, but the device had told it so in a way that nobody could see through; and how.
    Deceived(&'static str),
}

impl Judgement {
    /// A broken property.
    pub(crate) fn broken(property: Property, class: Class, evidence: impl Into<String>) -> Self {
        Judgement::Broken(Breach { property, class, evidence: evidence.into() })
    }

    /// The breach, if there is one.
    pub fn breach(self) -> Option<Breach> {
        match self {
            Judgement::Broken(breach) => Some(breach),
            Judgement::Holds | Judgement::Moot(_) | Judgement::Deceived(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for property in Property::ALL {
            assert_eq!(property.name().parse(), Ok(property));
            let json = serde_json::to_string(&property).unwrap();
            assert_eq!(json, format!("\"{property}\""), "reports and options use one name");
        }
        assert!("no-false-of".parse::<Property>().unwrap_err().to_string().contains("no-false-off"));
    }
}
