//! The command line of APC's rack PDUs since AOS 5.

use crate::unit::{Plugs, Shell, word};

pub(crate) struct CommandLine;

impl Shell for CommandLine {
    fn greet(&mut self) -> String {
        "\r\n\r\nAmerican Power Conversion               Network Management Card AOS      v6.0.6\r\n\
         (c) Copyright 2013 All Rights Reserved  RPDU 2g APP                      v6.0.6\r\n\
         -----------------------------------------------------------------------------\r\n\
         Type ? for command listing\r\n\r\napc>"
            .to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let order = |plug: &str, on: bool, plugs: &mut Plugs| match plugs.set(plug, on) {
            true => "E000: Success\r\n".to_owned(),
            false => "E102: Parameter Error\r\n".to_owned(),
        };
        let said = match line.split_once(' ') {
            None if line.is_empty() => String::new(),
            Some(("olStatus", "all")) => {
                let rows = plugs.lines(|plug| {
                    format!("{:>2}: {}: {}", plug.name, plug.alias, word(plug.on, ("On", "Off")))
                });
                format!("E000: Success\r\n{rows}\r\n")
            }
            Some(("olOn", plug)) => order(plug, true, plugs),
            Some(("olOff", plug)) => order(plug, false, plugs),
            _ => "E101: Command Not Found\r\n".to_owned(),
        };
        format!("{said}\r\napc>")
    }
}
