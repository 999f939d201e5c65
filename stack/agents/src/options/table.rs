//! The standard options. An agent names those it has, and changes what differs.

use super::{Kind, Opt};

const SNMP_VERSIONS: &[&str] = &["1", "2c", "3"];
const AUTH_PROTOCOLS: &[&str] = &["MD5", "SHA", "SHA-224", "SHA-256", "SHA-384", "SHA-512"];
const SECURITY_LEVELS: &[&str] = &["noAuthNoPriv", "authNoPriv", "authPriv"];
const PRIVACY_PROTOCOLS: &[&str] = &["DES", "AES", "3DES", "AES-192", "AES-256", "AES-192-C", "AES-256-C"];
const METHODS: &[&str] = &["onoff", "cycle"];

/// What every agent has.
pub(crate) const ALWAYS: &[&str] = &[
    "action",
    "debug_file",
    "delay",
    "disable_timeout",
    "help",
    "login_timeout",
    "plug_separator",
    "power_timeout",
    "power_wait",
    "quiet",
    "retry_on",
    "shell_timeout",
    "stonith_status_sleep",
    "verbose",
    "verbose_level",
    "version",
];

/// What an agent of a device with an address has.
pub(crate) const IP: &[&str] = &["ip", "ipport"];

/// What an agent of a device with users has.
pub(crate) const LOGIN: &[&str] = &["username", "password", "password_script"];

/// What an agent of a device with a single plug has: the plug may name the device.
pub(crate) const PORT_AS_IP: &[&str] = &["plug", "port_as_ip"];

/// What an agent of a device that speaks SNMP has, beside address and login.
pub(crate) const SNMP: &[&str] = &[
    "community",
    "snmp_auth_prot",
    "snmp_priv_passwd",
    "snmp_priv_passwd_script",
    "snmp_priv_prot",
    "snmp_sec_level",
    "snmp_version",
    "snmpget_path",
    "snmpset_path",
    "snmpwalk_path",
];

/// What an agent has that speaks SSH.
pub(crate) const SSH: &[&str] =
    &["identity_file", "inet4_only", "inet6_only", "ssh", "ssh_options", "ssh_path"];

/// What an agent has whose fellows in the field call a program as another user.
pub(crate) const SUDO: &[&str] = &["use_sudo", "sudo_path"];

/// The standard option of this name.
pub(crate) fn standard(name: &str) -> Option<Opt> {
    STANDARD.iter().copied().find(|option| option.name == name)
}

const STANDARD: &[Opt] = &[
    Opt::new("action", Kind::Text, "What to do")
        .alias("option")
        .short('o')
        .default("reboot")
        .required()
        .value("action"),
    Opt::new("ip", Kind::Text, "Name or address of the fence device").older("ipaddr").short('a').value("ip"),
    Opt::new("ipport", Kind::Integer, "Port of the fence device").short('u').value("port"),
    Opt::new("username", Kind::Text, "User on the fence device").older("login").short('l').value("name"),
    Opt::new("password", Kind::Text, "Password of the user")
        .older("passwd")
        .short('p')
        .value("password")
        .secret(),
    Opt::new("password_script", Kind::Text, "Command whose output is the password")
        .older("passwd_script")
        .short('S')
        .value("script"),
    Opt::new("plug", Kind::Text, "Plug, outlet, slot or machine on the fence device")
        .older("port")
        .short('n')
        .value("id"),
    Opt::new(
        "method",
        Kind::Choice(METHODS),
        "How to reboot: off and then on, or the device's own power cycle",
    )
    .short('m')
    .default("onoff")
    .value("method"),
    Opt::new("ssh", Kind::Flag, "Speak SSH").older("secure").short('x'),
    Opt::new("identity_file", Kind::Text, "Private key for SSH").short('k').value("file"),
    Opt::new("ssh_options", Kind::Text, "More options for SSH").value("options"),
    Opt::new("command_prompt", Kind::Text, "Regular expression of the device's prompt")
        .older("cmd_prompt")
        .short('c')
        .value("regex"),
    Opt::new("inet4_only", Kind::Flag, "Use IPv4 only").short('4'),
    Opt::new("inet6_only", Kind::Flag, "Use IPv6 only").short('6'),
    Opt::new("ssl", Kind::Flag, "Speak TLS, and check the certificate").short('z'),
    Opt::new("ssl_secure", Kind::Flag, "Speak TLS, and check the certificate"),
    Opt::new("ssl_insecure", Kind::Flag, "Speak TLS, without checking the certificate"),
    Opt::new("notls", Kind::Flag, "Speak SSL 3.0 only").short('t'),
    Opt::new("tls1.0", Kind::Flag, "Speak TLS 1.0 only"),
    Opt::new("snmp_version", Kind::Choice(SNMP_VERSIONS), "SNMP version").short('d').value("version"),
    Opt::new("community", Kind::Text, "SNMP community").short('c').value("community").secret(),
    Opt::new("snmp_auth_prot", Kind::Choice(AUTH_PROTOCOLS), "SNMPv3 authentication")
        .short('b')
        .value("protocol"),
    Opt::new("snmp_sec_level", Kind::Choice(SECURITY_LEVELS), "SNMPv3 security level")
        .short('E')
        .value("level"),
    Opt::new("snmp_priv_prot", Kind::Choice(PRIVACY_PROTOCOLS), "SNMPv3 encryption")
        .short('B')
        .value("protocol"),
    Opt::new("snmp_priv_passwd", Kind::Text, "Password of the SNMPv3 encryption")
        .short('P')
        .value("password")
        .secret(),
    Opt::new("snmp_priv_passwd_script", Kind::Text, "Command whose output is that password")
        .short('R')
        .value("script"),
    Opt::new("switch", Kind::Text, "Which of several stacked devices").short('s').value("id"),
    Opt::new("quiet", Kind::Flag, "Print no log to standard error, unless asked to be verbose")
        .short('q')
        .order(50),
    Opt::new("verbose", Kind::Flag, "Tell what is done; more often: more").short('v').order(51),
    Opt::new("verbose_level", Kind::Integer, "How much to tell: 0 failures, 1 or more each step")
        .value("level")
        .order(52),
    Opt::new("debug_file", Kind::Text, "File to which everything is logged")
        .older("debug")
        .short('D')
        .value("file")
        .order(53),
    Opt::new("version", Kind::Flag, "Print the version").short('V').order(54),
    Opt::new("help", Kind::Flag, "Print the options").short('h').order(55),
    Opt::new("plug_separator", Kind::Text, "What separates several plugs")
        .default(",")
        .value("char")
        .order(100),
    Opt::new("separator", Kind::Text, "What separates the columns of a list")
        .short('C')
        .default(",")
        .value("char")
        .order(100),
    Opt::new("delay", Kind::Seconds, "Wait before off and reboot").default("0").order(200),
    Opt::new(
        "disable_timeout",
        Kind::Text,
        "Lift the login, shell and power timeouts (default: true under Pacemaker's fencer)",
    )
    .value("true/false")
    .order(200),
    Opt::new("login_timeout", Kind::Seconds, "Longest time to log in").default("5").order(200),
    Opt::new("missing_as_off", Kind::Flag, "Take a plug that the device does not know for off").order(200),
    Opt::new("port_as_ip", Kind::Flag, "The plug is the address of the device").order(200),
    Opt::new("power_timeout", Kind::Seconds, "Longest time for a plug to reach the state asked for")
        .default("20")
        .order(200),
    Opt::new("power_wait", Kind::Seconds, "Wait after each order to a plug").default("0").order(200),
    Opt::new("shell_timeout", Kind::Seconds, "Longest time for a command to be answered")
        .default("3")
        .order(200),
    Opt::new("stonith_status_sleep", Kind::Seconds, "Wait between two looks at a plug")
        .default("1")
        .order(200),
    Opt::new("retry_on", Kind::Integer, "How often to try again to switch on")
        .default("1")
        .value("attempts")
        .order(201),
    Opt::new("use_sudo", Kind::Flag, "Accepted for compatibility; no other program is called")
        .older("sudo")
        .order(205),
    Opt::new("gnutlscli_path", Kind::Text, "Accepted for compatibility; TLS is spoken natively")
        .default("/usr/bin/gnutls-cli")
        .order(300),
    Opt::new("snmpget_path", Kind::Text, "Accepted for compatibility; SNMP is spoken natively")
        .default("/usr/bin/snmpget")
        .order(300),
    Opt::new("snmpset_path", Kind::Text, "Accepted for compatibility; SNMP is spoken natively")
        .default("/usr/bin/snmpset")
        .order(300),
    Opt::new("snmpwalk_path", Kind::Text, "Accepted for compatibility; SNMP is spoken natively")
        .default("/usr/bin/snmpwalk")
        .order(300),
    Opt::new("ssh_path", Kind::Text, "Accepted for compatibility; SSH is spoken natively")
        .default("/usr/bin/ssh")
        .order(300),
    Opt::new("sudo_path", Kind::Text, "Accepted for compatibility; no other program is called")
        .default("/usr/bin/sudo")
        .order(300),
    Opt::new("telnet_path", Kind::Text, "Accepted for compatibility; telnet is spoken natively")
        .default("/usr/bin/telnet")
        .order(300),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_groups_exist() {
        for (index, option) in STANDARD.iter().enumerate() {
            for other in STANDARD.iter().skip(index + 1) {
                assert_ne!(option.name, other.name);
                assert!(!option.answers_to(other.name), "{} and {}", option.name, other.name);
            }
        }
        for name in [ALWAYS, IP, LOGIN, PORT_AS_IP, SNMP, SSH, SUDO].concat() {
            assert!(standard(name).is_some(), "{name}");
        }
    }
}
