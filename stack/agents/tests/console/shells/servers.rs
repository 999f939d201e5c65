//! Management processors and chassis of several makers, and switches.

use crate::unit::{Plugs, Shell, word};

/// Sun ALOM.
pub(crate) struct Alom {
    place: u32,
}

impl Alom {
    /// Over SSH it asks for the user once more.
    pub(crate) fn new() -> Self {
        Self { place: 0 }
    }
}

impl Shell for Alom {
    fn greet(&mut self) -> String {
        "\r\nSun Advanced Lights Out Manager 1.6\r\n\r\nPlease login: ".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        self.place += 1;
        match self.place {
            1 => return "Please Enter password: ".to_owned(),
            2 if line == crate::unit::PASSWORD => return "\r\nsc> ".to_owned(),
            2 => {
                self.place = 0;
                return "Login incorrect\r\n\r\nPlease login: ".to_owned();
            }
            _ => {}
        }
        let said = match line {
            "showplatform" => format!(
                "SUNW,Sun-Fire-T200\r\n\r\nChassis Serial Number: 0529AP0882\r\n\r\nDomain Status\r\n------ ------\r\nS0     {}\r\n",
                word(plugs.all[0].on, ("OS Running", "OS Standby"))
            ),
            "poweron" | "poweroff -f -y" => {
                plugs.set_only(line == "poweron");
                "\r\nSC Alert: Host System has changed state\r\n".to_owned()
            }
            _ => String::new(),
        };
        format!("{said}\r\nsc> ")
    }
}

/// IBM BladeCenter.
pub(crate) struct BladeCenter {
    blade: Option<String>,
}

impl BladeCenter {
    pub(crate) fn new() -> Self {
        Self { blade: None }
    }

    fn prompt(&self) -> String {
        self.blade.as_ref().map_or("system> ".to_owned(), |blade| format!("system:blade[{blade}]> "))
    }
}

impl Shell for BladeCenter {
    fn greet(&mut self) -> String {
        "\r\nHostname: mm1\r\nStatic IP address: 192.0.2.1\r\n\r\nsystem> ".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let blade = self.blade.clone();
        let said = match (line, blade) {
            ("env -T system", _) => {
                self.blade = None;
                "OK\r\n".to_owned()
            }
            ("power -state", Some(blade)) => {
                format!("{}\r\n", word(plugs.get(&blade).unwrap().on, ("On", "Off")))
            }
            ("power -on" | "power -off", Some(blade)) => {
                plugs.set(&blade, line == "power -on");
                "OK\r\n".to_owned()
            }
            ("list -l 2", None) => format!(
                "system\r\n{}   blower[1]\r\n",
                plugs.lines(|plug| format!("        blade[{}]       {}", plug.name, plug.alias))
            ),
            (line, _) if line.starts_with("env -T system:blade[") => {
                let wanted = line.trim_start_matches("env -T system:blade[").trim_end_matches(']');
                match plugs.get(wanted) {
                    Some(_) => {
                        self.blade = Some(wanted.to_owned());
                        "OK\r\n".to_owned()
                    }
                    None => "The target bay is empty.\r\n".to_owned(),
                }
            }
            _ => "Invalid command syntax\r\n".to_owned(),
        };
        format!("{said}{}", self.prompt())
    }
}

/// Brocade's Fabric OS.
pub(crate) struct Brocade;

impl Shell for Brocade {
    fn greet(&mut self) -> String {
        "\r\nswitch1:admin> ".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let said = match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["switchshow"] => {
                let rows = plugs.lines(|plug| {
                    let address = plug.name.parse::<u32>().unwrap_or(0);
                    let state = word(
                        plug.on,
                        (
                            "Online      FC  F-Port  10:00:00:00:c9:00:00:01",
                            "No_Light    FC  Disabled (Persistent)",
                        ),
                    );
                    format!("{:>4} {:>3}   01{address:02x}00   id    N8   {state}", plug.name, plug.name)
                });
                format!(
                    "switchName:     switch1\r\nswitchState:    Online\r\n\r\nIndex Port Address Media Speed State     Proto\r\n==============================================\r\n{rows}"
                )
            }
            ["portCfgPersistentEnable", plug] if plugs.set(plug, true) => String::new(),
            ["portCfgPersistentDisable", plug] if plugs.set(plug, false) => String::new(),
            [] => String::new(),
            _ => "Invalid port\r\n".to_owned(),
        };
        format!("{said}switch1:admin> ")
    }
}

/// QLogic SANbox2.
pub(crate) struct SanBox {
    admin: bool,
}

impl SanBox {
    pub(crate) fn new() -> Self {
        Self { admin: false }
    }
}

impl Shell for SanBox {
    fn greet(&mut self) -> String {
        "\r\nEstablishing connection... Please wait.\r\n\r\nSANbox2 #> ".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let state = |on| word(on, ("Online", "Offline"));
        let said = match line.split_whitespace().collect::<Vec<_>>().as_slice() {
            ["admin", "start"] => {
                self.admin = true;
                String::new()
            }
            ["admin", "end"] => {
                self.admin = false;
                String::new()
            }
            ["show", "port"] => {
                let rows = plugs
                    .lines(|plug| format!("  {:5} {:9} {:9} No", plug.name, state(plug.on), state(plug.on)));
                format!(
                    "  Port  Admin     Operational  Login\r\n        State     State        Status\r\n{rows}"
                )
            }
            ["show", "port", plug] => match plugs.get(plug) {
                Some(plug) => format!(
                    "  Port Number: {}\r\n  ------------\r\n  AdminState      {}\r\n  AsicNumber      0\r\n",
                    plug.name,
                    state(plug.on)
                ),
                None => "Invalid port\r\n".to_owned(),
            },
            ["set", "port", plug, "state", order @ ("online" | "offline")]
                if self.admin && plugs.set(plug, *order == "online") =>
            {
                String::new()
            }
            [] => String::new(),
            _ => "Invalid command\r\n".to_owned(),
        };
        format!("{said}{}", if self.admin { "SANbox2 (admin) #> " } else { "SANbox2 #> " })
    }
}

/// Dell DRAC IV.
pub(crate) struct Drac;

impl Shell for Drac {
    fn greet(&mut self) -> String {
        "\r\nDell Remote Access Controller 4/I (DRAC 4/I)\r\n[admin]# ".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let said = match line {
            "getmodinfo" => format!(
                "#<group>     <module>    <presence>  <pwrState>  <health>  <svcTag>\r\n 1   ---->   server-1    Present     {}          Normal    ABC1234\r\n",
                word(plugs.all[0].on, ("ON", "OFF"))
            ),
            "serveraction -d 0 powerup" | "serveraction -d 0 powerdown" => {
                plugs.set_only(line.ends_with("powerup"));
                "OK\r\n".to_owned()
            }
            "" => String::new(),
            _ => "ERROR: unknown command\r\n".to_owned(),
        };
        format!("{said}[admin]# ")
    }
}

/// Dell DRAC 5, CMC, DRAC/MC.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Racadm {
    Drac5,
    Cmc,
    Mc,
}

impl Shell for Racadm {
    fn greet(&mut self) -> String {
        match self {
            Self::Drac5 => {
                "\r\nDell Remote Access Controller 5 (DRAC 5)\r\nFirmware Version 1.45\r\n$ ".to_owned()
            }
            Self::Cmc => "\r\nWelcome to the CMC firmware version 2.30\r\n\r\n$ ".to_owned(),
            Self::Mc => "\r\nDRAC/MC: ".to_owned(),
        }
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let state = |plug: &crate::unit::Plug| word(plug.on, ("ON", "OFF"));
        let said = match (*self, words.as_slice()) {
            (Self::Drac5, ["racadm", "serveraction", "powerstatus"]) => {
                format!("Server power status: {}\r\n", state(&plugs.all[0]))
            }
            (Self::Drac5, ["racadm", "serveraction", order @ ("powerup" | "powerdown")]) => {
                plugs.set_only(*order == "powerup");
                "Server power operation successful\r\n".to_owned()
            }
            (Self::Cmc, ["racadm", "serveraction", "powerstatus", "-m", plug]) => plugs
                .get(plug)
                .map_or("ERROR: Invalid module name\r\n".to_owned(), |plug| format!("{}\r\n", state(plug))),
            (Self::Cmc, ["racadm", "serveraction", order @ ("powerup" | "powerdown"), "-m", plug])
                if plugs.set(plug, *order == "powerup") =>
            {
                "OK\r\n".to_owned()
            }
            (Self::Cmc, ["getmodinfo"]) => {
                let rows = plugs.lines(|plug| {
                    format!("{:14} Present       {:10} OK        ABC1234", plug.name, state(plug))
                });
                format!("<module>       <presence>    <pwrState> <health>  <svcTag>\r\n{rows}")
            }
            (Self::Mc, ["getmodinfo"]) => {
                let rows = plugs.lines(|plug| {
                    format!(" 1  ----> {:12} Present  {:4} Normal  ABC1234", plug.name, state(plug))
                });
                format!("#<group> <module> <presence> <pwrState> <health> <svcTag>\r\n{rows}")
            }
            (Self::Mc, ["racadm", "serveraction", "-s", plug, order @ ("powerup" | "powerdown")])
                if plugs.set(plug, *order == "powerup") =>
            {
                "OK\r\n".to_owned()
            }
            (_, []) => String::new(),
            _ => "ERROR: Invalid subcommand specified.\r\n".to_owned(),
        };
        format!("{said}{}", if *self == Self::Mc { "DRAC/MC: " } else { "$ " })
    }
}

/// Hitachi Compute Blade.
#[derive(Clone, Debug)]
pub(crate) enum Hds {
    Main,
    Commands,
    Partitions,
    Power,
    Which(bool),
    Sure(bool, String),
    Hit,
}

impl Hds {
    fn show(&self, plugs: &Plugs) -> String {
        match self {
            Self::Main => {
                "\r\n<System Console>\r\n S. System command mode\r\n X. Exit\r\n(S,X) : ".to_owned()
            }
            Self::Commands => "\r\nSVP>".to_owned(),
            Self::Partitions => {
                let rows = plugs.lines(|plug| {
                    format!(
                        "{}  {}  Normal  OFF  OFF  Basic  {}",
                        plug.name,
                        word(plug.on, ("ON", "OFF")),
                        plug.alias
                    )
                });
                format!("\r\n No  Power  State  LID  Precfg  Mode\r\n{rows}(P,Q) : ")
            }
            Self::Power => "\r\n P. Power on  F. Force power off  H. Hard reset\r\n(P,F,H,Q) : ".to_owned(),
            Self::Which(_) => "\r\nPartition number (0-9) : ".to_owned(),
            Self::Sure(..) => "\r\nConfirm? (Y,[N]) : ".to_owned(),
            Self::Hit => "\r\nHit enter key.".to_owned(),
        }
    }
}

impl Shell for Hds {
    fn greet(&mut self) -> String {
        self.show(&Plugs::default())
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        *self = match (self.clone(), line) {
            (Self::Main, "S") => Self::Commands,
            (Self::Commands, "PC") => Self::Partitions,
            (Self::Commands, "EX") => Self::Main,
            (Self::Partitions, "P") => Self::Power,
            (Self::Partitions, "Q") => Self::Commands,
            (Self::Power, "P") => Self::Which(true),
            (Self::Power, "F") => Self::Which(false),
            (Self::Power, "Q") => Self::Partitions,
            (Self::Which(on), plug) => Self::Sure(on, plug.to_owned()),
            (Self::Sure(on, plug), "Y") => {
                plugs.set(&plug, on);
                Self::Hit
            }
            (Self::Hit, _) => Self::Power,
            (other, _) => other,
        };
        self.show(plugs)
    }
}

/// HP's Onboard Administrator.
pub(crate) struct OnboardAdministrator {
    pub(crate) superdome: bool,
}

impl Shell for OnboardAdministrator {
    fn greet(&mut self) -> String {
        "\r\nHP BladeSystem Onboard Administrator\r\nc7000oa> ".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let words: Vec<&str> = line.split_whitespace().collect();
        let said = match (words.as_slice(), self.superdome) {
            (["show", "enclosure", "info"], superdome) => format!(
                "Enclosure Information:\r\n    Enclosure Name: e1\r\n    Enclosure Type: {}\r\n",
                word(superdome, ("Superdome X", "BladeSystem c7000 Enclosure"))
            ),
            (["show", "server", "status", plug], false) => match plugs.get(plug) {
                Some(plug) => format!(
                    "Blade #{} Status:\r\n    Power: {}\r\n    Current Wattage used: 120\r\n    Health: OK\r\n",
                    plug.name,
                    word(plug.on, ("On", "Off"))
                ),
                None => "The bay is empty.\r\n".to_owned(),
            },
            (["show", "server", "list"], false) => {
                let rows = plugs.lines(|plug| {
                    format!(
                        "{:>3} {:15} 192.0.2.11      OK      {:4}    Off",
                        plug.name,
                        plug.alias,
                        word(plug.on, ("On", "Off"))
                    )
                });
                format!(
                    "Bay iLO Name      iLO IP Address  Status  Power   UID Partner\r\n--- ---------------- --------------- ------- -----\r\n{rows}Totals: 3 server blades installed, 3 powered on.\r\n"
                )
            }
            (["parstatus", "-M", "-p", plug], true) => {
                plugs.get(plug).map_or("partition not found\r\n".to_owned(), |plug| {
                    format!("partition:{}  :OK  /{}  :OK :x\r\n", plug.name, word(plug.on, ("UP", "DOWN")))
                })
            }
            (["parstatus", "-P", "-M"], true) => plugs.lines(|plug| {
                format!(
                    "partition:{} :OK  /{} :OK   :2 :{}",
                    plug.name,
                    word(plug.on, ("UP", "DOWN")),
                    plug.alias
                )
            }),
            (["poweron", kind, plug], superdome)
                if *kind == word(superdome, ("partition", "server")) && plugs.set(plug, true) =>
            {
                "Powering on.\r\n".to_owned()
            }
            (["poweroff", kind, plug, "force"], superdome)
                if *kind == word(superdome, ("partition", "server")) && plugs.set(plug, false) =>
            {
                "Powering off.\r\n".to_owned()
            }
            ([], _) => String::new(),
            _ => "Invalid command\r\n".to_owned(),
        };
        format!("{said}\r\nc7000oa> ")
    }
}

/// Fujitsu-Siemens Remote Service Board.
#[derive(Clone, Copy)]
pub(crate) enum Rsb {
    Main,
    Power,
    Sure(bool),
    Any,
}

impl Rsb {
    fn show(self, plugs: &Plugs) -> String {
        match self {
            Self::Main => {
                "\r\n Main Menu\r\n (2) Power Management\r\n Enter selection or (0) to quit: ".to_owned()
            }
            Self::Power => format!(
                "\r\n Power Management\r\n Power Status : {}\r\n (1) Immediate Power Off\r\n (4) Power On\r\n Enter selection or (0) to quit: ",
                word(plugs.all[0].on, ("On", "Off"))
            ),
            Self::Sure(on) => format!(
                "\r\n Do you really want to power {} the server ('yes' or 'no'): ",
                word(on, ("on", "off"))
            ),
            Self::Any => "\r\n Done. Press any key to continue".to_owned(),
        }
    }
}

impl Shell for Rsb {
    fn greet(&mut self) -> String {
        self.show(&Plugs::default())
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        *self = match (*self, line) {
            (Self::Power, "1" | "4") => Self::Sure(line == "4"),
            (Self::Sure(on), "yes") => {
                plugs.set_only(on);
                Self::Any
            }
            (Self::Any | Self::Sure(_), _) => Self::Power,
            (_, "0") => Self::Main,
            (other, _) => other,
        };
        self.show(plugs)
    }

    fn key(&mut self, key: char, plugs: &mut Plugs) -> Option<String> {
        *self = match (*self, key) {
            (Self::Main, '2') => Self::Power,
            (Self::Power, '0') => Self::Main,
            _ => return None,
        };
        Some(self.show(plugs))
    }
}
