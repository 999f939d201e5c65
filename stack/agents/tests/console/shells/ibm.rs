//! IBM's devices.

use crate::unit::{Plugs, Shell, word};

/// A Remote Supervisor Adapter II.
pub(crate) struct RsaII;

impl Shell for RsaII {
    fn greet(&mut self) -> String {
        "\r\nsystem-x> ".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let said = match line {
            "power state" => {
                let on = plugs.all[0].on;
                format!(
                    "Power: {}\r\nState: {}\r\nRestart count: 12\r\n",
                    word(on, ("On", "Off")),
                    word(on, ("OS booted", "System power off/State unknown"))
                )
            }
            "power on" | "power off" => {
                plugs.set_only(line == "power on");
                "ok\r\n".to_owned()
            }
            "" => String::new(),
            _ => "Invalid command. Type help.\r\n".to_owned(),
        };
        format!("{said}system-x> ")
    }
}
