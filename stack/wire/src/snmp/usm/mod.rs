//! The user-based security model: names of its algorithms, keys from passphrases, and authentication and encryption of one
//! message (RFC 3414), with AES (RFC 3826), the SHA-2 family (RFC 7860), and what the field uses beside them: AES with
//! longer keys (draft-blumenthal-aes-usm-04) and the key extension of draft-reeder-snmpv3-usm-3desede-00, for 3DES and in
//! Cisco's variant for AES.

mod cipher;
mod counter;
mod digest;
pub(super) mod envelope;
mod key;
mod protocol;
mod user;

pub use counter::Counter;
pub use digest::Digest;
pub(super) use digest::is_same;
pub use key::{LocalKeys, extend_blumenthal, extend_reeder, localize, password_to_key};
pub use protocol::{AuthProtocol, Level, PrivProtocol, UnknownName};
pub use user::User;
