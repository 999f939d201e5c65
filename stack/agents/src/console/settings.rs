//! The options of the agents as what they mean.

use std::path::PathBuf;

use fencelab_link::{SshLogin, Target, Way};
use fencelab_wire::Secret;

use super::{kind::Kind, pattern::Ending, plug, ssh_options::SshOptions};
use crate::{
    failure::{Failure, Step},
    options::Values,
    target::target,
};

/// The ports of the two protocols.
pub(crate) const TELNET: &str = "23";
pub(crate) const SSH: &str = "22";

/// Programs that the agents of the field call.
const FOREIGN: [(&str, &str); 3] =
    [("ssh_path", "/usr/bin/ssh"), ("telnet_path", "/usr/bin/telnet"), ("sudo_path", "/usr/bin/sudo")];

/// Whom to speak to, and how.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) target: Target,
    pub(crate) way: Way,
    pub(crate) user: Option<String>,
    pub(crate) password: Option<Secret>,
    /// The prompts of the device.
    pub(crate) prompts: Vec<Ending>,
    /// Which of several stacked devices.
    pub(crate) switch: Option<String>,
    /// The version of the device that the options name, in the words of the agent's own option.
    pub(crate) version: Option<String>,
    /// The managed system.
    pub(crate) managed: String,
    /// What stands before a command for a host's shell.
    pub(crate) sudo: String,
    /// The program on the host.
    pub(crate) program: String,
}

impl Settings {
    /// What is wrong with the options, and what is worth a note. A secret may still have to come from a script.
    pub(crate) fn check(kind: &Kind, values: &Values) -> (Vec<String>, Vec<String>) {
        let (mut wrong, mut notes) = (Vec::new(), Vec::new());
        if let Err(failure) = Self::new(kind, values) {
            wrong.push(failure.seen);
        }
        for plug in plugs(values) {
            if let Err(failure) = kind.plug(plug) {
                wrong.push(failure.seen);
            }
        }
        let has = |name: &str| values.text(name).is_some();
        if kind.managed && values.filled("managed").is_none() {
            wrong.push("the name of the managed system is needed (managed, -s)".to_owned());
        }
        if values.text("host_os") == Some("windows") {
            wrong.push("--host-os: hosts with Windows are not supported".to_owned());
        }
        for (name, _) in
            FOREIGN.iter().filter(|(name, default)| has(name) && values.text(name) != Some(default))
        {
            if *name != "sudo_path" || !values.flag("use_sudo") {
                notes.push(format!("{name} is ignored: no other program is called"));
            }
        }
        let options = SshOptions::parse(values.text("ssh_options").unwrap_or_default());
        if has("ssh_options") && values.text("ssh_options") != kind.ssh_options {
            notes.extend(options.ignored.iter().map(|option| format!("ssh_options: {option} is ignored")));
        }
        if kind.is_ssh(values) {
            notes.push("the host key of the device is not checked".to_owned());
        }
        (wrong, notes)
    }

    /// The settings that the options make, once the scripts have given their secrets.
    pub(crate) fn new(kind: &Kind, values: &Values) -> Result<Self, Failure> {
        let wrong = |seen: String| Failure::lasting(Step::Options, seen);
        let ssh = kind.is_ssh(values);
        let mut target = target(values);
        // Both protocols share one option for the port, whose default is that of telnet.
        if ssh && (values.text("ipport").is_none() || values.text("ipport") == kind.telnet_port) {
            target.port = 22;
        }
        let user = values.filled("username").map(str::to_owned);
        let password = values.text("password").map(Secret::from);
        let line = super::serial::way(&mut target).transpose().map_err(&wrong)?;
        let way = if let Some(line) = line {
            if ssh {
                return Err(wrong("--ip: over a serial line no SSH is spoken".to_owned()));
            }
            line
        } else if ssh {
            let options = SshOptions::parse(values.text("ssh_options").unwrap_or_default());
            Way::Ssh(SshLogin {
                user: user.clone().unwrap_or_default(),
                password: password.clone(),
                identity: values.filled("identity_file").map(PathBuf::from),
                command: options.command,
            })
        } else {
            Way::Telnet
        };
        for (name, text) in [("username", user.as_deref()), ("managed", values.text("managed"))] {
            if text.is_some_and(|text| text.chars().any(char::is_control)) {
                return Err(wrong(format!("--{name} may hold no control characters")));
            }
        }
        let password_text = values.text("password").unwrap_or_default();
        if password_text.chars().any(|c| matches!(c, '\r' | '\n' | '\0')) {
            return Err(wrong("--password may not hold the end of a line".to_owned()));
        }
        let given = values.filled("command_prompt").filter(|given| Some(*given) != kind.prompt_text);
        let prompts = match given {
            Some(pattern) => {
                let ending = Ending::of_user(pattern);
                vec![ending.map_err(|why| wrong(format!("--command-prompt: {why}")))?]
            }
            None => kind.prompts(user.as_deref().unwrap_or("username")),
        };
        let word = |name: &str, text: &str| {
            plug::word(text)
                .ok_or_else(|| wrong(format!("--{name} may hold letters, digits and . _ - / : @ only")))
        };
        // The HMC itself writes type, model and serial number with an asterisk between them.
        let managed = values
            .filled("managed")
            .map(|text| word("managed", &text.replace('*', "-")).map(|_| text.to_owned()));
        let managed = managed.transpose()?;
        let sudo = match values.flag("use_sudo") {
            true => format!("{} ", word("sudo-path", values.filled("sudo_path").unwrap_or("sudo"))?),
            false => String::new(),
        };
        Ok(Self {
            target,
            way,
            user,
            password,
            prompts,
            switch: values.filled("switch").map(|switch| word("switch", switch)).transpose()?,
            version: ["drac_version", "hmc_version"]
                .iter()
                .find_map(|name| values.filled(name))
                .map(str::to_owned),
            managed: managed.unwrap_or_default(),
            sudo,
            program: program(values).map_or(Ok(String::new()), |program| word("vboxmanage-path", program))?,
        })
    }
}

/// `VBoxManage` on the host: where the options say, or where the host's system has it.
fn program(values: &Values) -> Option<&str> {
    let given = values.filled("vboxmanage_path")?;
    match values.text("host_os") {
        Some("macos") if given == "VBoxManage" => {
            Some("/Applications/VirtualBox.app/Contents/MacOS/VBoxManage")
        }
        _ => Some(given),
    }
}

/// The plugs that the options name, as the driver takes them apart.
fn plugs(values: &Values) -> impl Iterator<Item = &str> {
    let separator = values.filled("plug_separator").unwrap_or(",");
    let text = values.filled("plug").unwrap_or_default();
    text.split(separator).map(str::trim).filter(|plug| !plug.is_empty())
}
