//! HP's devices.

use crate::unit::{Plugs, Shell, word};

/// The SM CLP of an iLO, or behind the menu of an Integrity MP.
pub(crate) struct SmClp {
    mp: bool,
    inside: bool,
}

impl SmClp {
    pub(crate) fn ilo() -> Self {
        Self { mp: false, inside: true }
    }

    pub(crate) fn mp() -> Self {
        Self { mp: true, inside: false }
    }

    fn prompt(&self) -> &'static str {
        match (self.inside, self.mp) {
            (true, _) => "</>hpiLO-> ",
            (false, _) => "[box1] MP> ",
        }
    }
}

impl Shell for SmClp {
    fn greet(&mut self) -> String {
        format!(
            "\r\nUser:admin logged-in to box1.lab (192.0.2.1)\r\niLO 2 Advanced 2.29 at 10:00:00\r\n{}",
            self.prompt()
        )
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        const FAILED: &str =
            "status=2\r\nstatus_tag=COMMAND PROCESSING FAILED\r\n\r\nInvalid command.\r\n\r\n";
        const DONE: &str = "status=0\r\nstatus_tag=COMMAND COMPLETED\r\n\r\n";
        let off = if self.mp { "stop -f /system1" } else { "power off hard" };
        let said = match line {
            "" => String::new(),
            "SMCLP" if self.mp => {
                self.inside = true;
                "Welcome to the SM CLP\r\n".to_owned()
            }
            _ if !self.inside => FAILED.to_owned(),
            "show /system1" => format!(
                "{DONE}/system1\r\n  Targets\r\n    firmware1\r\n  Properties\r\n    name=ProLiant\r\n    \
                 enabledstate={}\r\n    processor_number=2\r\n  Verbs\r\n    cd show reset start stop\r\n\r\n",
                word(plugs.all[0].on, ("enabled", "disabled"))
            ),
            "start /system1" => {
                plugs.set_only(true);
                format!("{DONE}Server powering on .......\r\n\r\n")
            }
            "reset /system1 hard" if !self.mp => {
                plugs.set_only(false);
                plugs.set_only(true);
                format!("{DONE}Resetting server.\r\n\r\n")
            }
            _ if line == off => {
                plugs.set_only(false);
                format!("{DONE}Forcing server power off .......\r\n\r\n")
            }
            _ => FAILED.to_owned(),
        };
        format!("{said}{}", self.prompt())
    }
}

/// The chassis manager of a Moonshot 1500.
pub(crate) struct Moonshot;

impl Shell for Moonshot {
    fn greet(&mut self) -> String {
        "\r\nhpiLO-> ".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let order = |rest: &str, on: bool, plugs: &mut Plugs| {
            if plugs.set(rest, on) {
                format!("Powering {} node {rest}.\r\n", word(on, ("on", "off")))
            } else {
                "Invalid node identifier.\r\n".to_owned()
            }
        };
        let said = if line == "show node list" {
            let rows = plugs.lines(|plug| {
                let state = word(plug.on, ("On", "Off"));
                format!(" 01   {:5} HP   1.2GHz   8   m300   x86_64   v1.0   {state}   OK", plug.name)
            });
            format!(
                "Slot  ID    Proc Manufacturer    Architecture         Memory Power Health\r\n----  ----  -----\r\n{rows}"
            )
        } else if let Some(plug) = line.strip_prefix("set node power on ") {
            order(plug, true, plugs)
        } else if let Some(plug) = line.strip_prefix("set node power off force ") {
            order(plug, false, plugs)
        } else {
            String::new()
        };
        format!("{said}hpiLO-> ")
    }
}
