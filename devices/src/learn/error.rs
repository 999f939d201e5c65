//! Why nothing could be learnt, and which recording is missing.

use super::story::Place;

/// Nothing was learnt. Says what is missing and how to record it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum LearnError {
    /// No transcript was given.
    #[error("there is no transcript to learn from; record one with `fencelab record` and give its file")]
    Nothing,
    /// The protocol has no learner yet.
    #[error(
        "{file}: nothing can be learnt from a transcript of `{protocol}` yet; there is: snmp, telnet, ssh, serial, console"
    )]
    Protocol {
        /// The transcript's name.
        file: String,
        /// Its protocol.
        protocol: String,
    },
    /// Transcripts of SNMP and of a console.
    #[error(
        "{file}: this is `{protocol}`, and the first transcript is not; give those of one way to speak to the device"
    )]
    Mixed {
        /// The transcript's name.
        file: String,
        /// Its protocol.
        protocol: String,
    },
    /// Two transcripts would become one file.
    #[error("two transcripts are called `{0}`; in the device's folder each needs a name of its own")]
    SameName(String),
    /// A line is no message of its protocol.
    #[error("{place}: {what}; `fencelab lint` says what a transcript may hold")]
    Unreadable {
        /// The line.
        place: Place,
        /// What is wrong.
        what: String,
    },
    /// No action is marked.
    #[error(
        "no line says when a plug was on or off; record an off and an on of one plug with a status before and after, \
         each by `fencelab record … -- AGENT`, which marks what it does"
    )]
    NoMarks,
    /// No marked action succeeded.
    #[error(
        "{place}: no on, off or status of a plug came to its end with a known result; record an off and an on of one plug \
         that succeed"
    )]
    NothingDone {
        /// The first marked action.
        place: Place,
    },
    /// Nothing that was read differs between on and off.
    #[error(
        "nothing that was read tells whether plug {plug} is on or off ({why}); record an off and an on of one plug with a \
         status before and after"
    )]
    NoStatus {
        /// The plug with the most to tell.
        plug: String,
        /// What was looked at.
        why: String,
    },
    /// Nothing was written.
    #[error(
        "{place}: plug {plug} was told off or on, but no accepted request of that action writes anything; record an off of a \
         plug that is on, and an on of one that is off"
    )]
    NoOrder {
        /// The plug.
        plug: String,
        /// The action.
        place: Place,
    },
    /// One request for both.
    #[error(
        "{off} and {on}: the same request ({request}) switches off and on; a device that only toggles cannot be described"
    )]
    Toggles {
        /// What is written.
        request: String,
        /// Where it switched off.
        off: Place,
        /// Where it switched on.
        on: Place,
    },
    /// The plug's place in the objects is not to be seen.
    #[error(
        "{place}: where plug {plug} stands in {object} cannot be told: {why}; record the status of a second plug"
    )]
    NoPlace {
        /// The plug.
        plug: String,
        /// The object.
        object: String,
        /// What was tried.
        why: String,
        /// Where it was asked for.
        place: Place,
    },
    /// What was written does not read back: a mistake of ours.
    #[error("the description that was learnt does not parse: {0}")]
    Broken(crate::Error),
}
