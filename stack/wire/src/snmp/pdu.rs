//! Protocol data units: what is asked and answered.

use std::fmt;

use super::{Oid, Value};

/// What a PDU is for (RFC 3416, §3). The trap of v1 has a form of its own, [`TrapV1`].
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PduKind {
    /// `GetRequest`, 0xa0.
    Get,
    /// `GetNextRequest`, 0xa1.
    GetNext,
    /// `Response` (v1: `GetResponse`), 0xa2.
    Response,
    /// `SetRequest`, 0xa3.
    Set,
    /// `GetBulkRequest`, 0xa5; not in v1.
    GetBulk,
    /// `InformRequest`, 0xa6; not in v1.
    Inform,
    /// `SNMPv2-Trap`, 0xa7.
    Trap,
    /// `Report`, 0xa8; v3 only.
    Report,
    /// Any other tag of this class.
    Unknown(u8),
}

impl PduKind {
    /// The known ones.
    pub const ALL: [Self; 8] = [
        Self::Get,
        Self::GetNext,
        Self::Response,
        Self::Set,
        Self::GetBulk,
        Self::Inform,
        Self::Trap,
        Self::Report,
    ];

    /// Its tag on the wire.
    #[must_use]
    pub fn tag(self) -> u8 {
        match self {
            Self::Get => 0xa0,
            Self::GetNext => 0xa1,
            Self::Response => 0xa2,
            Self::Set => 0xa3,
            Self::GetBulk => 0xa5,
            Self::Inform => 0xa6,
            Self::Trap => 0xa7,
            Self::Report => 0xa8,
            Self::Unknown(tag) => tag,
        }
    }

    /// The kind that has this tag.
    #[must_use]
    pub fn from_tag(tag: u8) -> Self {
        Self::ALL.into_iter().find(|kind| kind.tag() == tag).unwrap_or(Self::Unknown(tag))
    }

    /// Its name in transcripts: `get`, `get-next`, …, `0xa9`.
    #[must_use]
    pub fn name(self) -> std::borrow::Cow<'static, str> {
        match self {
            Self::Get => "get".into(),
            Self::GetNext => "get-next".into(),
            Self::Response => "response".into(),
            Self::Set => "set".into(),
            Self::GetBulk => "get-bulk".into(),
            Self::Inform => "inform".into(),
            Self::Trap => "trap".into(),
            Self::Report => "report".into(),
            Self::Unknown(tag) => format!("0x{tag:02x}").into(),
        }
    }

    /// Whether an answer is expected (RFC 3411, §2.8, Confirmed Class).
    #[must_use]
    pub fn is_request(self) -> bool {
        matches!(self, Self::Get | Self::GetNext | Self::Set | Self::GetBulk | Self::Inform)
    }
}

/// The error of an answer (RFC 3416, §3; v1 knows the first six: RFC 1157, §4.1.1).
#[derive(Clone, Copy, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ErrorStatus(pub i32);

/// Constants, and the table of their names in transcripts and standards.
macro_rules! errors {
    ($($number:literal $constant:ident $name:literal $standard:literal $meaning:literal,)*) => {
        impl ErrorStatus {
            $(#[doc = concat!("`", $standard, "`, ", $number, ": ", $meaning, ".")]
            pub const $constant: Self = Self($number);)*

            /// The known ones, in the order of their numbers.
            pub const ALL: [Self; [$($number),*].len()] = [$(Self::$constant),*];

            /// Its name in transcripts and rules, `no-such-name`, if it has one.
            #[must_use]
            pub fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($name),)*
                    _ => None,
                }
            }

            /// Its name in the standard, `noSuchName`, if it has one.
            #[must_use]
            pub fn standard_name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($standard),)*
                    _ => None,
                }
            }

            /// What it says, in words, if it is known.
            #[must_use]
            pub fn meaning(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($meaning),)*
                    _ => None,
                }
            }
        }
    };
}

errors! {
    0 NO_ERROR "no-error" "noError" "done",
    1 TOO_BIG "too-big" "tooBig" "the answer does not fit into a datagram",
    2 NO_SUCH_NAME "no-such-name" "noSuchName" "there is no such object, or it must not be seen or written",
    3 BAD_VALUE "bad-value" "badValue" "this value cannot be written there",
    4 READ_ONLY "read-only" "readOnly" "this cannot be written",
    5 GEN_ERR "gen-err" "genErr" "it failed, for another reason",
    6 NO_ACCESS "no-access" "noAccess" "this principal may not",
    7 WRONG_TYPE "wrong-type" "wrongType" "the object has another type",
    8 WRONG_LENGTH "wrong-length" "wrongLength" "the value has a length that the object cannot have",
    9 WRONG_ENCODING "wrong-encoding" "wrongEncoding" "the value is not encoded as its type demands",
    10 WRONG_VALUE "wrong-value" "wrongValue" "the object cannot have this value",
    11 NO_CREATION "no-creation" "noCreation" "it is not there and cannot be made",
    12 INCONSISTENT_VALUE "inconsistent-value" "inconsistentValue" "the object cannot have this value now",
    13 RESOURCE_UNAVAILABLE "resource-unavailable" "resourceUnavailable" "the device lacks what writing it takes",
    14 COMMIT_FAILED "commit-failed" "commitFailed" "writing failed",
    15 UNDO_FAILED "undo-failed" "undoFailed" "writing failed, and some of it could not be undone",
    16 AUTHORIZATION_ERROR "authorization-error" "authorizationError" "this principal may not",
    17 NOT_WRITABLE "not-writable" "notWritable" "this cannot be written",
    18 INCONSISTENT_NAME "inconsistent-name" "inconsistentName" "it is not there and cannot be made now",
}

impl ErrorStatus {
    /// The one of this name, as in transcripts (`no-such-name`) or in the standard (`noSuchName`).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|error| error.name() == Some(name) || error.standard_name() == Some(name))
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_ok(self) -> bool {
        self == Self::NO_ERROR
    }
}

impl fmt::Display for ErrorStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "{}", self.0),
        }
    }
}

impl fmt::Debug for ErrorStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An object and its value; in requests that only ask, the value is [`Value::Null`].
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Binding {
    /// The object's instance.
    pub object: Oid,
    /// Its value.
    pub value: Value,
}

impl Binding {
    /// Asks for an object.
    #[must_use]
    pub fn ask(object: Oid) -> Self {
        Self { object, value: Value::Null }
    }
}

/// A PDU of all kinds but v1's trap.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pdu {
    /// What it is for.
    pub kind: PduKind,
    /// Ties an answer to its request.
    pub request_id: i32,
    /// The error; in a [`PduKind::GetBulk`] the number of non-repeaters stands in its place.
    pub error: ErrorStatus,
    /// Which binding the error is about, from 1; in a [`PduKind::GetBulk`] the number of repetitions, at most.
    pub index: i32,
    /// The objects.
    pub bindings: Vec<Binding>,
}

impl Pdu {
    /// A PDU without error.
    #[must_use]
    pub fn new(kind: PduKind, request_id: i32, bindings: Vec<Binding>) -> Self {
        Self { kind, request_id, error: ErrorStatus::NO_ERROR, index: 0, bindings }
    }

    /// A GetBulk.
    #[must_use]
    pub fn get_bulk(request_id: i32, non_repeaters: u16, repetitions: u16, bindings: Vec<Binding>) -> Self {
        let (error, index) = (ErrorStatus(non_repeaters.into()), repetitions.into());
        Self { kind: PduKind::GetBulk, request_id, error, index, bindings }
    }

    /// The answer to this one.
    #[must_use]
    pub fn answer(&self, bindings: Vec<Binding>) -> Self {
        Self::new(PduKind::Response, self.request_id, bindings)
    }

    /// The answer that refuses this one: its own bindings, and which of them (from 1; 0 = none of them) is
    /// to blame.
    #[must_use]
    pub fn refusal(&self, error: ErrorStatus, index: i32) -> Self {
        Self { kind: PduKind::Response, error, index, ..self.clone() }
    }

    /// Non-repeaters of a GetBulk; negative ones count as 0 (RFC 3416, §4.2.3).
    #[must_use]
    pub fn non_repeaters(&self) -> usize {
        usize::try_from(self.error.0).unwrap_or(0)
    }

    /// Repetitions of a GetBulk; negative ones count as 0 (RFC 3416, §4.2.3).
    #[must_use]
    pub fn max_repetitions(&self) -> usize {
        usize::try_from(self.index).unwrap_or(0)
    }
}

/// The trap of v1 (RFC 1157, §4.1.6), 0xa4.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrapV1 {
    /// Which kind of device sends it.
    pub enterprise: Oid,
    /// The address of the device.
    pub agent: [u8; 4],
    /// `coldStart` 0 … `enterpriseSpecific` 6.
    pub generic: i32,
    /// The trap's number, if it is specific to the enterprise.
    pub specific: i32,
    /// Hundredths of a second since the device came up.
    pub ticks: u32,
    /// What it tells.
    pub bindings: Vec<Binding>,
}

impl TrapV1 {
    /// Its tag on the wire.
    pub const TAG: u8 = 0xa4;
}
