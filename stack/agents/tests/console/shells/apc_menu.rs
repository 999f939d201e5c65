//! The menus of APC's devices before AOS 5.

use crate::unit::{Plugs, Shell, word};

#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Model {
    Firmware2,
    Firmware3,
    Plus,
}

#[derive(Clone, Debug)]
enum Screen {
    Main,
    Devices,
    Management,
    /// The outlets, on the page of this number.
    Outlets(usize),
    Outlet(String),
    Control(String),
    Confirm(String, bool),
    Done,
}

pub(crate) struct Menu {
    model: Model,
    screen: Screen,
}

impl Menu {
    pub(crate) fn new(model: Model) -> Self {
        Self { model, screen: Screen::Main }
    }

    fn show(&self, plugs: &Plugs) -> String {
        let menu = |title: &str, entries: &[&str]| {
            let entries: String = entries
                .iter()
                .enumerate()
                .map(|(index, entry)| format!("     {}- {entry}\r\n", index + 1))
                .collect();
            format!(
                "\r\n------- {title} ----------\r\n\r\n{entries}\r\n     <ESC>- Back, <ENTER>- Refresh\r\n> "
            )
        };
        match &self.screen {
            Screen::Main => menu("Control Console", &["Device Manager", "Network", "System", "Logout"]),
            Screen::Devices => match self.model {
                Model::Firmware2 => menu(
                    "Device Manager",
                    &[
                        "Phase Monitor/Configuration",
                        "Outlet Restriction Configuration",
                        "Outlet Control/Configuration",
                    ],
                ),
                Model::Firmware3 => menu("Device Manager", &["Phase Management", "Outlet Management"]),
                Model::Plus => menu("Device Manager", &["MasterSwitch plus 1", "MasterSwitch plus 2"]),
            },
            Screen::Management => {
                menu("Outlet Management", &["Outlet Control/Configuration", "Outlet Restriction"])
            }
            Screen::Outlets(page) => {
                let row = |plug: &crate::unit::Plug| {
                    format!("     {}- {:24} {}\r\n", plug.name, plug.alias, word(plug.on, ("ON", "OFF")))
                };
                let rows: String = plugs.all.iter().skip(page * 2).take(2).map(row).collect();
                if plugs.all.len() > (page + 1) * 2 {
                    format!(
                        "\r\n------- Outlet Control/Configuration -------\r\n{rows}     Press <ENTER> to continue..."
                    )
                } else {
                    format!("{rows}\r\n     <ESC>- Back, <ENTER>- Refresh\r\n> ")
                }
            }
            Screen::Outlet(plug) => menu(&format!("Outlet {plug}"), &["Control Outlet", "Configure Outlet"]),
            Screen::Control(_) if self.model == Model::Plus => {
                menu("Control Outlet", &["Immediate On", "Sequenced On", "Immediate Off", "Sequenced Off"])
            }
            Screen::Control(_) => {
                menu("Control Outlet", &["Immediate On", "Immediate Off", "Immediate Reboot"])
            }
            Screen::Confirm(plug, on) => format!(
                "\r\n        -----\r\n        Immediate {}\r\n\r\n        This command will immediately turn\r\n        outlet {plug} \
                 named 'x' {}.\r\n\r\n        Enter 'YES' to continue or <ENTER> to cancel : ",
                word(*on, ("On", "Off")),
                word(*on, ("on", "off"))
            ),
            Screen::Done => {
                "\r\n        Command successfully issued.\r\n\r\n        Press <ENTER> to continue..."
                    .to_owned()
            }
        }
    }
}

impl Shell for Menu {
    fn greet(&mut self) -> String {
        let aos = "American Power Conversion               Web/SNMP Management Card AOS      v2.6.4\r\n";
        format!("\r\n{aos}Last login: never\r\n{}", self.show(&Plugs::default()))
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let immediate = if self.model == Model::Plus { ["1", "3"] } else { ["1", "2"] };
        self.screen = match (self.screen.clone(), line) {
            (Screen::Main, "1") => Screen::Devices,
            (Screen::Devices, "2") if self.model == Model::Firmware3 => Screen::Management,
            (Screen::Devices, "3") if self.model == Model::Firmware2 => Screen::Outlets(0),
            (Screen::Devices, "2") if self.model == Model::Plus => Screen::Outlets(0),
            (Screen::Management, "1") => Screen::Outlets(0),
            (Screen::Outlets(page), "") if plugs.all.len() > (page + 1) * 2 => Screen::Outlets(page + 1),
            (Screen::Outlets(_), plug) if plugs.get(plug).is_some() => Screen::Outlet(plug.to_owned()),
            (Screen::Outlet(plug), "1") => Screen::Control(plug),
            (Screen::Control(plug), order) if immediate.contains(&order) => {
                Screen::Confirm(plug, order == "1")
            }
            (Screen::Confirm(plug, on), "YES") => {
                plugs.set(&plug, on);
                Screen::Done
            }
            (Screen::Done | Screen::Confirm(..), _) => Screen::Main,
            (screen, _) => screen,
        };
        self.show(plugs)
    }

    fn key(&mut self, key: char, plugs: &mut Plugs) -> Option<String> {
        (key == '\u{3}').then(|| {
            self.screen = Screen::Main;
            self.show(plugs)
        })
    }
}
