//! Power strips of several makers.

use crate::unit::{Plugs, Shell, word};

/// Sentry Switched CDU.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) struct Cdu(pub(crate) u32);

impl Shell for Cdu {
    fn greet(&mut self) -> String {
        format!("\r\nWelcome to the Sentry Switched CDU\r\n{}", self.prompt())
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let upper = line.to_ascii_uppercase();
        let said = match upper.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["VERSION"] => {
                format!("\r\n   Sentry Switched CDU Version {}.0a\r\n\r\n   Command successful\r\n", self.0)
            }
            ["SET", "OPTION", "MORE", "DISABLED"] if self.0 == 7 => "   Command successful\r\n".to_owned(),
            ["STATUS"] if self.0 != 8 => {
                let rows = plugs.lines(|plug| {
                    format!(
                        "   {:10} {:24} {:7} {}",
                        plug.name,
                        plug.alias,
                        word(plug.on, ("On", "Off")),
                        word(plug.on, ("Idle On", "Off"))
                    )
                });
                format!(
                    "\r\n   Outlet     Outlet                   Outlet  Control\r\n   ID         Name                     Status  State\r\n\r\n{rows}\r\n   Command successful\r\n"
                )
            }
            ["STATUS", "ALL"] if self.0 == 8 => {
                let rows = plugs.lines(|plug| {
                    let id = plug.name.trim_start_matches('.');
                    format!(
                        "   {id:10} {:24} {:8} {}",
                        plug.alias.replace(' ', "_"),
                        word(plug.on, ("Idle On", "Off")),
                        word(plug.on, ("On", "Off"))
                    )
                });
                format!("\r\n{rows}\r\n   Command successful\r\n")
            }
            [order @ ("ON" | "OFF"), id] => {
                let name = plugs
                    .all
                    .iter()
                    .map(|plug| plug.name)
                    .find(|name| name.trim_start_matches('.') == id.trim_start_matches('.'));
                match name {
                    Some(name) => {
                        plugs.set(name, *order == "ON");
                        "   Command successful\r\n".to_owned()
                    }
                    None => "   Outlet or group name not found\r\n".to_owned(),
                }
            }
            [] => String::new(),
            _ => "   Invalid command\r\n".to_owned(),
        };
        format!("{said}\r\n{}", self.prompt())
    }
}

impl Cdu {
    fn prompt(self) -> &'static str {
        "Switched CDU: "
    }
}

/// CyberPower.
pub(crate) struct CyberPower;

impl Shell for CyberPower {
    fn greet(&mut self) -> String {
        "\r\nCyberPower System, Inc.  Command Shell v1.0\r\n\r\nCyberPower > ".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let said = match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["oltsta", "show"] => {
                let rows = plugs.lines(|plug| {
                    format!("{:5} {:12} {}", plug.name, plug.alias, word(plug.on, ("On", "Off")))
                });
                format!("Index Name         Status\r\n{rows}")
            }
            ["oltctrl", "index", plug, "act", "delayon"] if plugs.set(plug, true) => String::new(),
            ["oltctrl", "index", plug, "act", "delayoff"] if plugs.set(plug, false) => String::new(),
            [] => String::new(),
            _ => "Invalid parameter\r\n".to_owned(),
        };
        format!("{said}\r\nCyberPower > ")
    }
}

/// Eaton ePDU G3.
pub(crate) struct Epdu;

impl Shell for Epdu {
    fn greet(&mut self) -> String {
        "\r\nEaton ePDU\r\npdu#0>".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let outlet = |line: &str, verb: &str, value: &str| -> Option<String> {
            let rest = line.strip_prefix(verb)?.strip_prefix(" PDU.OutletSystem.Outlet[")?;
            rest.split_once(']').filter(|(_, rest)| *rest == value).map(|(plug, _)| plug.to_owned())
        };
        let said = if let Some(plug) = outlet(line, "get", ".PresentStatus.SwitchOnOff") {
            plugs
                .get(&plug)
                .map_or("Error: not found".to_owned(), |plug| word(plug.on, ("1", "0")).to_owned())
        } else if let Some(plug) = outlet(line, "set", ".DelayBeforeShutdown 0") {
            plugs.set(&plug, false);
            "0".to_owned()
        } else if let Some(plug) = outlet(line, "set", ".DelayBeforeStartup 0") {
            plugs.set(&plug, true);
            "0".to_owned()
        } else if line == "get PDU.OutletSystem.Outlet.Count" {
            plugs.all.len().to_string()
        } else if line == "get PDU.OutletSystem.Outlet[x].iName" {
            plugs.all.iter().map(|plug| plug.alias).collect::<Vec<_>>().join("|")
        } else {
            "Error: unknown".to_owned()
        };
        format!("{said}\r\npdu#0>")
    }
}

/// Koukaam NETIO-230, which has a protocol instead of a shell, its own login, and no prompt.
pub(crate) struct Netio {
    inside: bool,
}

impl Netio {
    pub(crate) fn new() -> Self {
        Self { inside: false }
    }
}

impl Shell for Netio {
    fn greet(&mut self) -> String {
        "100 HELLO 4F3A9B21 - KSHELL V1.3\r\n".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["login", user, password] => {
                self.inside = *user == crate::unit::USER && *password == crate::unit::PASSWORD;
                if self.inside { "250 OK\r\n".to_owned() } else { "553 INVALID LOGIN\r\n".to_owned() }
            }
            ["quit"] => "110 BYE\r\n".to_owned(),
            _ if !self.inside => "505 FORBIDDEN\r\n".to_owned(),
            ["port", "setup", plug] => plugs.get(plug).map_or("502 UNKNOWN OUTLET\r\n".to_owned(), |plug| {
                format!("250 \"{}\" mode 2 0\r\n", plug.alias)
            }),
            ["port", plug] => match plugs.get(plug) {
                Some(plug) => format!("250 {}\r\n", word(plug.on, ("1", "0"))),
                None => "502 UNKNOWN OUTLET\r\n".to_owned(),
            },
            ["port", plug, order @ ("0" | "1")] if plugs.set(plug, *order == "1") => "250 OK\r\n".to_owned(),
            _ => "501 INVALID PARAMETER\r\n".to_owned(),
        }
    }
}

/// Raritan Dominion PX of the first series.
pub(crate) struct Raritan;

impl Shell for Raritan {
    fn greet(&mut self) -> String {
        "\r\nWelcome to the Dominion PX\r\nclp:/-> ".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let number = |path: &str| path.strip_prefix("/system1/outlet").unwrap_or("none").to_owned();
        let said = match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["show", "-d", "properties=powerState", path] => match plugs.get(&number(path)) {
                Some(plug) => format!(
                    "{path}\r\n  Properties:\r\n    powerState is {} ({})\r\n",
                    word(plug.on, ("1", "2")),
                    word(plug.on, ("on", "off"))
                ),
                None => "Target not found\r\n".to_owned(),
            },
            ["show", "-d", "targets", "/system1"] => {
                format!(
                    "/system1\r\n  Targets:\r\n{}",
                    plugs.lines(|plug| format!("    outlet{}", plug.name))
                )
            }
            ["set", path, "powerState=on"] if plugs.set(&number(path), true) => String::new(),
            ["set", path, "powerState=off"] if plugs.set(&number(path), false) => String::new(),
            [] => String::new(),
            _ => "Invalid command\r\n".to_owned(),
        };
        format!("{said}\r\nclp:/-> ")
    }
}

/// Raritan PX3.
pub(crate) struct Px3 {
    asked: Option<(String, bool)>,
}

impl Px3 {
    pub(crate) fn new() -> Self {
        Self { asked: None }
    }
}

impl Shell for Px3 {
    fn greet(&mut self) -> String {
        "\r\nWelcome to PX3 CLI!\r\nLast login: 2026-11-27 10:00\r\n\r\n[My PDU] # ".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        if let Some((plug, on)) = self.asked.take() {
            if line == "y" {
                plugs.set(&plug, on);
            }
            return "[My PDU] # ".to_owned();
        }
        let said = match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["show", "outlets"] => plugs.lines(|plug| {
                let name = if plug.alias.is_empty() { String::new() } else { format!(" - {}", plug.alias) };
                format!("Outlet {}{name}:\r\nPower state: {}\r\n", plug.name, word(plug.on, ("On", "Off")))
            }),
            ["show", "outletgroups"] => {
                let on = plugs.all.iter().filter(|plug| plug.on).count();
                let all = plugs.all.len();
                let state = if on == 0 { format!("{all} off") } else { format!("{on} on, {} off", all - on) };
                format!("Outlet Group 1 - rack:\r\nMember outlets: 1-{all}\r\nState:          {state}\r\n")
            }
            ["power", "outlets", plug, order @ ("on" | "off")] if plugs.get(plug).is_some() => {
                self.asked = Some(((*plug).to_owned(), *order == "on"));
                return format!("Do you wish to turn outlet {plug} {order}? [y/n] ");
            }
            [] => String::new(),
            _ => "Error: unknown command\r\n".to_owned(),
        };
        format!("{said}[My PDU] # ")
    }
}

/// WTI.
pub(crate) struct Wti {
    page: Option<String>,
}

impl Wti {
    pub(crate) fn new() -> Self {
        Self { page: None }
    }

    fn screen(plugs: &Plugs) -> (String, String) {
        let row = |plug: &crate::unit::Plug| {
            format!(
                "{:4} | {:12} | {:6} |  0.5 Secs | ON  |\r\n",
                plug.name,
                plug.alias,
                word(plug.on, ("ON", "OFF"))
            )
        };
        let (first, second) = plugs.all.split_at(plugs.all.len() / 2);
        let head = "PLUG | NAME         | STATUS | BOOT DELAY | DEFAULT |\r\n-----+--------------+--------+------------+---------+\r\n";
        (
            format!("\r\nNetwork Power Switch v2.30\r\n{head}{}", first.iter().map(row).collect::<String>()),
            second.iter().map(row).collect(),
        )
    }
}

impl Shell for Wti {
    fn greet(&mut self) -> String {
        "\r\nNetwork Power Switch v2.30\r\n\r\nNPS> ".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        if let Some(page) = self.page.take() {
            return format!("{page}\r\nNPS> ");
        }
        if line == "/S" {
            let (first, second) = Self::screen(plugs);
            self.page = Some(second);
            return format!("{first}More, Enter: ");
        }
        let order = |line: &str, verb: &str| {
            let rest = line.strip_prefix(verb)?.strip_suffix(",y")?.trim();
            plugs.get(rest).map(|plug| plug.name)
        };
        let said = if line == "/SG" {
            format!(
                "GROUP NAME | PLUG | NAME | STATUS |\r\n-----------+------+------+--------+\r\nrack       | {}    | x    | {}     |\r\n",
                plugs.all[0].name,
                word(plugs.all[0].on, ("ON", "OFF"))
            )
        } else if let Some(plug) = order(line, "/on") {
            plugs.set(plug, true);
            String::new()
        } else if let Some(plug) = order(line, "/off") {
            plugs.set(plug, false);
            String::new()
        } else {
            "Invalid command\r\n".to_owned()
        };
        format!("{said}\r\nNPS> ")
    }
}
