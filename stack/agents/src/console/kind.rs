//! What differs from agent to agent, as data.

use super::{
    dialect::Dialect,
    pattern::Ending,
    plug::{Notation, Plug},
    settings::{SSH, TELNET},
    talk::Talk,
};
use crate::{failure::Failure, options::Values};

/// Which protocols an agent offers.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Links {
    /// Telnet only.
    Telnet,
    /// SSH only.
    Ssh,
    /// SSH if asked for.
    Both,
}

/// An agent.
pub(crate) struct Kind {
    pub(crate) links: Links,
    /// The port of telnet, or of the only protocol; `None` where the metadata names none.
    pub(crate) telnet_port: Option<&'static str>,
    /// The prompts, as the metadata writes them; `None` without that option or its default.
    pub(crate) prompt_text: Option<&'static str>,
    /// The prompts as regular expressions; `{user}` is the user's name.
    pub(crate) prompts: &'static [&'static str],
    /// What SSH is to run, as the metadata writes it.
    pub(crate) ssh_options: Option<&'static str>,
    /// What ends a line.
    pub(crate) eol: &'static str,
    /// How the user is let in.
    pub(crate) login: Login,
    /// How plugs are written.
    pub(crate) notation: Notation,
    /// Whether a plug may have the one of several stacked devices before it.
    pub(crate) switched: bool,
    /// Whether an action may be about no plug in particular, as some of the devices have a single one.
    pub(crate) optional_plug: bool,
    /// Whether plugs are those of a managed system, which must be named.
    pub(crate) managed: bool,
    /// Ends of what it shows at which it waits, and that tell enough by themselves; they come before the prompts.
    pub(crate) telling: &'static [&'static str],
    /// Whether it is a menu, in which an empty line may choose something.
    pub(crate) menu: bool,
    /// What is spoken.
    pub(crate) dialect: Choice,
}

/// How the user is let in.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Login {
    /// By whatever the device asks for: name, password, both, nothing.
    Asked,
    /// By one line of NETIO's protocol.
    Netio,
}

/// What a device speaks.
pub(crate) enum Choice {
    /// Always this.
    Always(&'static dyn Dialect),
    /// What the device shows at the login, or says when it is asked.
    By(fn(&mut Talk<'_, '_>) -> Result<&'static dyn Dialect, Failure>),
}

impl Kind {
    /// A usual device: telnet, or SSH if asked for, and plugs by number.
    pub(crate) const fn new(dialect: Choice) -> Self {
        Self {
            links: Links::Both,
            telnet_port: Some(TELNET),
            prompt_text: None,
            prompts: &[],
            ssh_options: None,
            eol: "\r\n",
            login: Login::Asked,
            notation: Notation::Number,
            switched: false,
            optional_plug: false,
            managed: false,
            telling: &[],
            menu: false,
            dialect,
        }
    }

    /// The prompts: as the metadata writes them, and as regular expressions.
    pub(crate) const fn prompts_are(self, text: &'static str, prompts: &'static [&'static str]) -> Self {
        Self { prompt_text: Some(text), prompts, ..self }
    }

    /// The prompts of an agent without the option.
    pub(crate) const fn fixed_prompts(self, prompts: &'static [&'static str]) -> Self {
        Self { prompts, ..self }
    }

    /// Telnet only.
    pub(crate) const fn telnet(self) -> Self {
        Self { links: Links::Telnet, ..self }
    }

    /// SSH only.
    pub(crate) const fn ssh(self) -> Self {
        Self { links: Links::Ssh, telnet_port: Some(SSH), ..self }
    }

    /// Another port than the usual one; `None` if the metadata names none.
    pub(crate) const fn port(self, port: Option<&'static str>) -> Self {
        Self { telnet_port: port, ..self }
    }

    /// What SSH is to run.
    pub(crate) const fn ssh_options_are(self, options: &'static str) -> Self {
        Self { ssh_options: Some(options), ..self }
    }

    /// What ends a line.
    pub(crate) const fn eol(self, eol: &'static str) -> Self {
        Self { eol, ..self }
    }

    /// How the user is let in.
    pub(crate) const fn login(self, login: Login) -> Self {
        Self { login, ..self }
    }

    /// How plugs are written.
    pub(crate) const fn plugs(self, notation: Notation) -> Self {
        Self { notation, ..self }
    }

    /// A plug may have the device before it that it is on.
    pub(crate) const fn switched(self) -> Self {
        Self { switched: true, ..self }
    }

    /// A plug may be left out.
    pub(crate) const fn optional_plug(self) -> Self {
        Self { optional_plug: true, ..self }
    }

    /// Plugs are those of a managed system.
    pub(crate) const fn managed(self) -> Self {
        Self { managed: true, ..self }
    }

    /// Ends that look like nothing else.
    pub(crate) const fn telling(self, telling: &'static [&'static str]) -> Self {
        Self { telling, ..self }
    }

    /// It is a menu.
    pub(crate) const fn menu(self) -> Self {
        Self { menu: true, ..self }
    }

    /// Whether SSH is spoken.
    pub(crate) fn is_ssh(&self, values: &Values) -> bool {
        match self.links {
            Links::Telnet => false,
            Links::Ssh => true,
            Links::Both => values.flag("ssh"),
        }
    }

    /// The prompts of a user's session.
    pub(crate) fn prompts(&self, user: &str) -> Vec<Ending> {
        let prompt = |pattern: &&str| Ending::prompt(&pattern.replace("{user}", &regex::escape(user)));
        let telling = self.telling.iter().map(|pattern| Ending::telling(pattern));
        telling.chain(self.prompts.iter().map(prompt)).collect()
    }

    /// A plug as the options give it. Under `port_as_ip` it is the address of a device with a single one.
    pub(crate) fn plug(&self, given: &str) -> Result<Plug, Failure> {
        match self.notation {
            Notation::Single => Ok(Plug::default()),
            _ if given.is_empty() && self.optional_plug => Ok(Plug::default()),
            notation => notation.plug(given, self.switched),
        }
    }
}
