//! Whatever is thrown at an agent: it ends, it does not panic, and it keeps its secrets.

use fencelab_agents::{Invocation, names, run};
use fencelab_link::memory::MemoryWorld;
use proptest::prelude::*;

const KEYS: &[&str] = &[
    "action",
    "option",
    "ip",
    "ipaddr",
    "ipport",
    "username",
    "login",
    "password",
    "passwd",
    "plug",
    "port",
    "port_as_ip",
    "lanplus",
    "method",
    "cipher",
    "auth",
    "privlvl",
    "hexadecimal_kg",
    "target",
    "delay",
    "power_timeout",
    "disable_timeout",
    "verbose",
    "verbose_level",
    "quiet",
    "retry_on",
    "plug_separator",
    "snmp_version",
    "community",
    "snmp_auth_prot",
    "snmp_sec_level",
    "snmp_priv_prot",
    "snmp_priv_passwd",
    "switch",
    "missing_as_off",
    "separator",
    "nodename",
    "debug_file",
    "bogus",
];
const VALUES: &[&str] = &[
    "",
    "status",
    "off",
    "on",
    "reboot",
    "monitor",
    "metadata",
    "validate-all",
    "diag",
    "list",
    "1",
    "0",
    "yes",
    "no",
    "-1",
    "99999999999",
    "cycle",
    "md5",
    "2c",
    "3",
    "authPriv",
    "SHA-512",
    "fc1/7",
    "1:7",
    "a,b",
    ",",
    "bmc",
    "0x20",
    "é\u{0}",
    "\"q\"",
    "4294967295",
];
const SECRET: &str = "Xq7-geheim-Zz";

fn word(words: &'static [&'static str]) -> impl Strategy<Value = String> {
    prop_oneof![4 => proptest::sample::select(words).prop_map(str::to_owned), 1 => any::<String>(), 1 => Just(SECRET.to_owned())]
}

fn program() -> impl Strategy<Value = String> {
    prop_oneof![9 => proptest::sample::select(names()).prop_map(|agent| agent.name.to_owned()), 1 => any::<String>()]
}

fn check(invocation: &Invocation) -> Result<(), TestCaseError> {
    let mut world = MemoryWorld::new(1);
    let outcome = run(invocation, &mut world);
    prop_assert!((0..=2).contains(&outcome.exit));
    let words = format!("{outcome:?} {invocation:?}");
    prop_assert!(!words.contains(SECRET), "{words}");
    for line in world.log_lines() {
        prop_assert!(!line.line.contains(SECRET), "{}", line.line);
    }
    for file in world.files().values() {
        prop_assert!(!file.contains(SECRET), "{file}");
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_stdin(program in program(), lines in prop::collection::vec((word(KEYS), word(VALUES)), 0..12), raw in any::<String>()) {
        // The secret may stand anywhere but where an agent is to repeat it: in the address, or the name of a file.
        let lines = lines.iter().filter(|(key, value)| !value.contains(SECRET) || !matches!(key.as_str(), "ip" | "ipaddr" | "plug" | "port" | "debug_file"));
        let text: String = lines.map(|(key, value)| format!("{key}={value}\n")).collect();
        let program = program.replace(SECRET, "");
        for stdin in [format!("{text}password={SECRET}\n"), format!("{raw}\npasswd=\"{SECRET}\"\n{text}"), raw.clone()] {
            check(&Invocation { program: program.clone(), stdin: Some(stdin), ..Invocation::default() })?;
        }
    }

    #[test]
    fn any_argv(program in program(), words in prop::collection::vec((any::<bool>(), word(KEYS), word(VALUES)), 0..12), raw in prop::collection::vec(any::<String>(), 0..6)) {
        let mut args: Vec<String> = vec![format!("--password={SECRET}")];
        for (joined, key, value) in words {
            if value.contains(SECRET) && matches!(key.as_str(), "ip" | "ipaddr" | "plug" | "port" | "debug_file") {
                continue;
            }
            let key = key.replace('_', "-");
            if joined { args.push(format!("--{key}={value}")) } else { args.extend([format!("--{key}"), value]) }
        }
        check(&Invocation { program: program.clone(), args: args.clone(), ..Invocation::default() })?;
        args.extend(raw);
        check(&Invocation { program, args, ..Invocation::default() })?;
    }
}
