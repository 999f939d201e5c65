//! The links that can be recorded and imported, and what each wants to know.

use std::path::Path;

use clap::ValueEnum;
use fencelab_recorder::{Link, link};
use fencelab_wire::serial::Line;
use fencelab_wire::snmp::tap::Credential;

use crate::credentials::{self, snmp::Login};
use crate::exit::{Exit, Failure, OrExit};

/// How a device is spoken to.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum LinkName {
    /// IPMI over LAN: IPMI 1.5 and RMCP+.
    Ipmi,
    /// A console over TCP as it is: a terminal server.
    Raw,
    /// A console at a serial port of this machine.
    Serial,
    /// SNMP v1, v2c and v3.
    Snmp,
    /// A console over SSH.
    Ssh,
    /// A console over telnet.
    Telnet,
}

impl LinkName {
    /// The link with the device's logins: from a file, else from the environment; a serial line at the usual speed.
    pub(crate) fn of_device(self, file: Option<&Path>) -> Result<Link, Failure> {
        Ok(match self {
            Self::Raw => link::console::raw(&credentials::console::of_device(file)?),
            Self::Serial => Self::serial(Line::default(), file)?,
            Self::Ipmi => link::ipmi::link(credentials::ipmi::of_device(file)?),
            Self::Snmp => snmp(credentials::snmp::of_device(file)?),
            Self::Ssh => link::console::ssh(&credentials::console::of_device(file)?).or_exit(Exit::Input)?,
            Self::Telnet => link::console::telnet(&credentials::console::of_device(file)?),
        })
    }

    /// A serial line that is set so, with the device's logins as in [`of_device`](Self::of_device).
    pub(crate) fn serial(line: Line, file: Option<&Path>) -> Result<Link, Failure> {
        Ok(link::console::serial(line, &credentials::console::of_device(file)?))
    }

    /// What a person should do who gave no login.
    pub(crate) fn without_login(self) -> Option<&'static str> {
        match self {
            Self::Ipmi => Some(
                "no password of the device is known, so what is encrypted stays so in the transcript; \
                 set FENCELAB_BMC_PASSWORD, or use --credentials",
            ),
            // Versions 1 and 2c are in the clear, and the listener masks a community that it was not told.
            Self::Snmp => None,
            // What is typed at a prompt for a password is masked, known or not.
            Self::Raw | Self::Serial | Self::Ssh | Self::Telnet => None,
        }
    }

    /// What such a link carries, as a person counts it.
    pub(crate) fn unit(self) -> &'static str {
        match self {
            Self::Ipmi | Self::Snmp => "datagrams",
            Self::Raw | Self::Serial | Self::Ssh | Self::Telnet => "turns",
        }
    }

    /// What a person should look at if the device never answered.
    pub(crate) fn if_silent(self) -> &'static str {
        match self {
            Self::Ipmi => "check its address, and that IPMI over LAN is enabled",
            Self::Snmp => {
                "check its address, that SNMP is enabled, and the community: a wrong one is not answered"
            }
            Self::Serial => {
                "check the cable (a null modem?) and the speed, and that a console is enabled on this port"
            }
            Self::Raw | Self::Ssh | Self::Telnet => {
                "check its address, and that its console is enabled on this port"
            }
        }
    }
}

/// A link to an agent with these logins.
fn snmp(logins: Vec<Login>) -> Link {
    let credential = |login| match login {
        Login::Community(community) => Credential::Community(community),
        Login::User(user) => Credential::User(user),
    };
    link::snmp::link(logins.into_iter().map(credential).collect())
}
