//! Shells of hosts: ldm, virsh, VBoxManage, and the consoles of IBM's Power servers.

use crate::unit::{Plugs, Shell, word};

/// A shell takes quotes away, and knows its own prompt.
fn words(line: &str) -> Vec<String> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    for c in line.chars() {
        match (quote, c) {
            (None, ' ') => words.extend(word.take()),
            (None, '\'' | '"' | '`') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), close) if open == close => quote = None,
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

/// The control domain of a SPARC server; root's shell is of either family.
pub(crate) struct Ldom {
    csh: bool,
    prompt: String,
}

impl Ldom {
    pub(crate) fn sh() -> Self {
        Self { csh: false, prompt: "root@primary:~# ".to_owned() }
    }

    pub(crate) fn csh() -> Self {
        Self { csh: true, prompt: "primary% ".to_owned() }
    }
}

impl Shell for Ldom {
    fn greet(&mut self) -> String {
        format!("Last login: Fri Nov 27 10:00:00 2026 from 192.0.2.7\r\n{}", self.prompt)
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let said = match words.as_slice() {
            [] => String::new(),
            ["PS1=[PEXPECT]"] if !self.csh => {
                self.prompt = "[PEXPECT]".to_owned();
                String::new()
            }
            ["set", "prompt=[PEXPECT]"] if self.csh => {
                self.prompt = "[PEXPECT]".to_owned();
                String::new()
            }
            ["ldm", "ls"] => {
                let rows = plugs.lines(|plug| {
                    format!(
                        "{:16} {:10} -n----  5000    4     4G       0.1%  5d",
                        plug.name,
                        word(plug.on, ("active", "bound"))
                    )
                });
                format!("NAME             STATE      FLAGS   CONS    VCPU  MEMORY   UTIL  UPTIME\r\n{rows}")
            }
            ["ldm", "start", plug] if plugs.set(plug, true) => format!("LDom {plug} started\r\n"),
            ["ldm", "stop", "-f", plug] if plugs.set(plug, false) => format!("LDom {plug} stopped\r\n"),
            ["ldm", ..] => "LDom not found\r\n".to_owned(),
            [other, ..] => format!("{other}: Command not found.\r\n"),
        };
        format!("{said}{}", self.prompt)
    }
}

/// A host with libvirt.
pub(crate) struct Virsh;

impl Shell for Virsh {
    fn greet(&mut self) -> String {
        "[EXPECT]# ".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let missing = |plug: &str| {
            format!(
                "error: failed to get domain '{plug}'\r\nerror: Domain not found: no domain with matching name '{plug}'\r\n\r\n"
            )
        };
        let said = match words.as_slice() {
            ["virsh", "dominfo", plug] => match plugs.get(plug) {
                Some(plug) => format!(
                    "Id:             -\r\nName:           {}\r\nUUID:           0ff0\r\nState:          {}\r\nCPU(s):         2\r\n\r\n",
                    plug.name,
                    word(plug.on, ("running", "shut off"))
                ),
                None => missing(plug),
            },
            ["virsh", "start", plug] if plugs.set(plug, true) => format!("Domain {plug} started\r\n\r\n"),
            ["virsh", "destroy", plug] if plugs.set(plug, false) => {
                format!("Domain {plug} destroyed\r\n\r\n")
            }
            ["virsh", "start" | "destroy", plug] => missing(plug),
            ["virsh", "list", "--all"] => {
                let rows = plugs.lines(|plug| {
                    let id = word(plug.on, ("7", "-"));
                    format!(" {id:4} {:12} {}", plug.name, word(plug.on, ("running", "shut off")))
                });
                format!(" Id   Name         State\r\n---------------------------\r\n{rows}\r\n")
            }
            _ => String::new(),
        };
        format!("{said}[EXPECT]# ")
    }
}

/// A host with VirtualBox.
pub(crate) struct VirtualBox;

impl Shell for VirtualBox {
    fn greet(&mut self) -> String {
        "[EXPECT]# ".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let uuid = |index: usize| format!("0ff0ff0f-0000-4000-8000-00000000000{index}");
        let rows = |only_running: bool, plugs: &Plugs| -> String {
            let rows = plugs.all.iter().enumerate().filter(|(_, plug)| plug.on || !only_running);
            rows.map(|(index, plug)| format!("\"{}\" {{{}}}\r\n", plug.name, uuid(index))).collect()
        };
        let said = match words.as_slice() {
            ["VBoxManage", "list", "vms"] => rows(false, plugs),
            ["VBoxManage", "list", "runningvms"] => rows(true, plugs),
            ["VBoxManage", "showvminfo", plug] if plugs.get(plug).is_some() => format!(
                "Name:                        {plug}\r\nGroups:                      /\r\nUUID:                        0ff0\r\n\
                 State:                       {} (since 2026-11-26T09:14:02.000000000)\r\nName: 'share', Host path: '/x'\r\n",
                word(plugs.get(plug).is_some_and(|plug| plug.on), ("running", "powered off"))
            ),
            ["VBoxManage", "startvm", plug, "--type", "headless"] if plugs.set(plug, true) => {
                format!(
                    "Waiting for VM \"{plug}\" to power on...\r\nVM \"{plug}\" has been successfully started.\r\n"
                )
            }
            ["VBoxManage", "controlvm", plug, "poweroff"] if plugs.set(plug, false) => {
                "0%...10%...20%...100%\r\n".to_owned()
            }
            ["VBoxManage", ..] => "VBoxManage: error: Could not find a registered machine\r\n".to_owned(),
            _ => String::new(),
        };
        format!("{said}[EXPECT]# ")
    }
}

/// A console of IBM's Power servers.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Hmc {
    Version3,
    Version4,
    Ivm,
}

impl Shell for Hmc {
    fn greet(&mut self) -> String {
        "\r\nLast login: Fri Nov 27 10:00:00 2026\r\nhscroot@hmc1:~>".to_owned()
    }

    fn line(&mut self, line: &str, plugs: &mut Plugs) -> String {
        let states = ("Running", "Not Activated");
        let words = words(line);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let unknown = "HSCL8012 The partition named x was not found.\r\n".to_owned();
        let said = match words.as_slice() {
            ["lssyscfg", "-r", "lpar", "-m", "p1", "-n", plug, "-F", "name,state"]
                if *self == Self::Version3 =>
            {
                plugs
                    .get(plug)
                    .map_or(unknown, |plug| format!("{},{},ok\r\n", plug.name, word(plug.on, states)))
            }
            ["lssyscfg", "-r", "lpar", "-m", "p1", "--filter", filter] if *self != Self::Version3 => {
                let plug = filter.strip_prefix("lpar_names=").and_then(|name| plugs.get(name));
                plug.map_or(unknown, |plug| {
                    let state = word(plug.on, states);
                    format!("name={},lpar_id=3,lpar_env=aixlinux,state={state},resource_config=1,logical_serial_num=1,\"x=1,state=Odd\"\r\n", plug.name)
                })
            }
            ["lssyscfg", "-r", "lpar", "-m", "p1", "-F", "name:state"] if *self == Self::Version4 => {
                plugs.lines(|plug| format!("{}:{}", plug.name, word(plug.on, states)))
            }
            ["lssyscfg", "-r", "lpar", "-m", "p1", "-F", "name,state"] if *self == Self::Ivm => {
                plugs.lines(|plug| format!("{},{}", plug.name, word(plug.on, states)))
            }
            ["query_partition_names", "-m", "p1"] => plugs.lines(|plug| plug.name.to_owned()),
            ["lscomgmt", "-m", "p1"] if *self == Self::Version4 => {
                "is_master=1,curr_master_mtms=,curr_master_name=\r\n".to_owned()
            }
            ["chsysstate", "-o", "on", "-r", "lpar", "-m", "p1", "-n", plug] if plugs.set(plug, true) => {
                String::new()
            }
            ["chsysstate", "-o", "on", "-r", "lpar", "-m", "p1", "-n", plug, "-f", ..]
                if plugs.set(plug, true) =>
            {
                String::new()
            }
            ["chsysstate", "-o", "shutdown", "-r", "lpar", "--immed", "-m", "p1", "-n", plug]
                if plugs.set(plug, false) =>
            {
                String::new()
            }
            ["chsysstate", "-o", "off", "-r", "lpar", "-m", "p1", "-n", plug] if plugs.set(plug, false) => {
                String::new()
            }
            [] => String::new(),
            [other, ..] => format!("hscroot: {other}: command not found\r\n"),
        };
        format!("{said}hscroot@hmc1:~>")
    }
}
