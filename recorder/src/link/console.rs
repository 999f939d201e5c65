//! Consoles: devices that talk to people, over telnet, over SSH, or over TCP as it is.

use std::fmt;
use std::path::PathBuf;

use fencelab_transcript::scan::Scan;
use fencelab_transcript::turns::Prompts;
use fencelab_wire::Secret;
use fencelab_wire::serial::Line;

use super::{Carries, Link, Protocol};

/// What `redacted` calls what is known, and what is typed at a prompt for it.
const REDACTED: &[&str] = &["password"];

/// A login at a console. All of it may be unknown: what is typed at a prompt for a password is masked anyway.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// The user.
    pub user: Option<String>,
    /// The password; with an identity, the passphrase of that.
    pub password: Option<Secret>,
    /// The file of a private key, by which the proxy logs in over SSH in the place of a client that shows one.
    pub identity: Option<PathBuf>,
    /// Words at the end of a prompt of this device that asks for a secret, beside the usual ones.
    pub prompt: Option<String>,
}

/// Telnet (RFC 854).
#[derive(Clone, Copy, Debug)]
pub struct Telnet;

/// Sessions over SSH (RFC 4254, 6).
#[derive(Clone, Copy, Debug)]
pub struct Ssh;

/// Characters over TCP, and nothing else: terminal servers.
#[derive(Clone, Copy, Debug)]
pub struct Raw;

/// A serial line.
#[derive(Clone, Copy, Debug)]
pub struct Serial;

/// A link of streams: what carries them, and what asks for secrets in them.
#[derive(Clone, Debug)]
pub struct Streams {
    /// What carries them.
    pub carrier: Carrier,
    /// Which prompts ask for a secret.
    pub prompts: Prompts,
}

/// What carries a console's characters.
#[derive(Clone)]
pub enum Carrier {
    /// They are all that there is.
    Raw,
    /// Telnet's own bytes are among them.
    Telnet,
    /// SSH, which has two ends and is ended on both sides; with the key by which the proxy logs in.
    Ssh(Option<Identity>),
    /// A serial line that is set so.
    Serial(Line),
}

/// Who the proxy logs in as when a client shows a key.
pub type Identity = std::sync::Arc<fencelab_link::live::PrivateKey>;

/// A link over telnet to a device with these logins.
pub fn telnet(logins: &[Login]) -> Link {
    link(&Telnet, Carrier::Telnet, logins)
}

/// A link over TCP as it is to a device with these logins.
pub fn raw(logins: &[Login]) -> Link {
    link(&Raw, Carrier::Raw, logins)
}

/// A link over a serial line, set so, to a device with these logins.
pub fn serial(line: Line, logins: &[Login]) -> Link {
    link(&Serial, Carrier::Serial(line), logins)
}

/// A link over SSH to a device with these logins.
///
/// # Errors
/// The file of a key cannot be read, or its passphrase is wrong.
pub fn ssh(logins: &[Login]) -> Result<Link, fencelab_link::LinkError> {
    let mut identity = None;
    for login in logins {
        if let Some(path) = &login.identity {
            let key = fencelab_link::live::private_key(path, login.password.as_ref())?;
            identity = identity.or(Some(Identity::new(key)));
        }
    }
    Ok(link(&Ssh, Carrier::Ssh(identity), logins))
}

fn link(protocol: &'static dyn Protocol, carrier: Carrier, logins: &[Login]) -> Link {
    let passwords = logins.iter().filter_map(|login| login.password.as_ref());
    let secrets = passwords.fold(Scan::new(), |scan, password| scan.with("password", password.expose()));
    let words = logins.iter().filter_map(|login| login.prompt.as_deref());
    let prompts = words.fold(Prompts::new(), Prompts::with);
    Link::new(protocol, Carries::Streams(Streams { carrier, prompts }), secrets)
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw => "Raw",
            Self::Telnet => "Telnet",
            Self::Ssh(_) => "Ssh",
            Self::Serial(_) => "Serial",
        })
    }
}

impl Protocol for Telnet {
    fn name(&self) -> &'static str {
        "telnet"
    }

    fn spelling(&self) -> &'static str {
        "telnet"
    }

    fn transport(&self) -> &'static str {
        "tcp"
    }

    fn ports(&self) -> &'static [u16] {
        &[23]
    }

    fn redacted(&self) -> &'static [&'static str] {
        REDACTED
    }
}

impl Protocol for Ssh {
    fn name(&self) -> &'static str {
        "ssh"
    }

    fn spelling(&self) -> &'static str {
        "SSH"
    }

    fn transport(&self) -> &'static str {
        "tcp"
    }

    fn ports(&self) -> &'static [u16] {
        &[22]
    }

    fn redacted(&self) -> &'static [&'static str] {
        REDACTED
    }
}

impl Protocol for Raw {
    fn name(&self) -> &'static str {
        "raw"
    }

    fn spelling(&self) -> &'static str {
        "characters over TCP"
    }

    fn transport(&self) -> &'static str {
        "tcp"
    }

    fn ports(&self) -> &'static [u16] {
        &[]
    }

    fn redacted(&self) -> &'static [&'static str] {
        REDACTED
    }
}

impl Protocol for Serial {
    fn name(&self) -> &'static str {
        "serial"
    }

    fn spelling(&self) -> &'static str {
        "characters over a serial line"
    }

    fn transport(&self) -> &'static str {
        "serial"
    }

    fn ports(&self) -> &'static [u16] {
        &[]
    }

    fn redacted(&self) -> &'static [&'static str] {
        REDACTED
    }
}
