//! Walks as text: snmprec and what net-snmp prints, from real devices, well-formed and broken.

use std::path::PathBuf;

use fencelab_wire::snmp::walk::{Walk, read, snmprec, snmpwalk, to_snmprec};
use fencelab_wire::snmp::{Binding, Oid, Value};
use proptest::prelude::*;

fn capture(name: &str) -> Vec<u8> {
    let folder = std::env::var_os("FENCELAB_CAPTURES").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures"),
        PathBuf::from,
    );
    let path = folder.join("snmprec").join(name);
    std::fs::read(&path).unwrap_or_else(|error| {
        panic!("cannot read {}: {error}; name the folder of captures in FENCELAB_CAPTURES", path.display())
    })
}

fn oid(text: &str) -> Oid {
    text.parse().unwrap()
}

/// Entries as `object value` words.
fn shown(walk: &Walk) -> Vec<String> {
    walk.entries.iter().map(|entry| format!("{} {:?}", entry.object, entry.value)).collect()
}

fn skipped(walk: &Walk) -> Vec<String> {
    walk.skipped.iter().map(ToString::to_string).collect()
}

fn at<'a>(walk: &'a Walk, object: &str) -> &'a Value {
    let object = oid(object);
    &walk.entries.iter().find(|entry| entry.object == object).expect("the object is there").value
}

#[test]
fn walks_of_real_devices_are_read_to_the_last_line() {
    for (name, entries, duplicates) in [
        ("apc-7902b.snmprec", 2679, 0),
        ("apc-8641.snmprec", 4179, 0),
        ("hp-onboard-administrator.snmprec", 4973, 1),
    ] {
        let walk = read(&capture(name));
        assert_eq!(walk.skipped.len(), duplicates, "{name}: {:?}", walk.skipped);
        assert!(
            walk.skipped.iter().all(|skipped| skipped.what.contains("already")),
            "{name}: {:?}",
            walk.skipped
        );
        assert_eq!(walk.entries.len(), entries, "{name}");
        assert!(!walk.entries.iter().any(|entry| matches!(entry.value, Value::Unknown(..))), "{name}");
        let again = snmprec(to_snmprec(&walk.entries).as_bytes());
        assert_eq!(again.entries, walk.entries, "{name}");
        assert_eq!((again.skipped, again.unsorted), (vec![], vec![]), "{name}");
    }
    let walk = read(&capture("apc-7902b.snmprec"));
    assert_eq!(*at(&walk, "1.3.6.1.2.1.1.2.0"), Value::ObjectId(oid("1.3.6.1.4.1.318.1.3.4.8")));
    assert_eq!(*at(&walk, "1.3.6.1.4.1.318.1.1.4.4.2.1.4.1"), Value::text("Server 1 PS 1"), "writecache");
}

#[test]
fn snmprec_in_all_its_forms() {
    let text = concat!(
        "# a comment\n",
        "\n",
        "1.3.6.1.1|2|-5\n",
        "1.3.6.1.2|4|a|b # c\n",
        ".1.3.6.1.3|4x|00fF\n",
        "1.3.6.1.4|4e|a\\x00\\\\\\n\n",
        "1.3.6.1.5|4|\n",
        "1.3.6.1.6|6|1.3.6\n",
        "1.3.6.1.7|64|10.0.0.1\n",
        "1.3.6.1.8|64x|0a000002\n",
        "1.3.6.1.9|65|4294967295\n",
        "1.3.6.1.10|66|2\n",
        "1.3.6.1.11|67|3\n",
        "1.3.6.1.12|68x|9f78043dcccccd\n",
        "1.3.6.1.13|70|18446744073709551615\n",
        "1.3.6.1.14|71x|01\n",
        "1.3.6.1.15|65:numeric|initial=7,rate=100\n",
        "1.3.6.1.16|4:writecache|value=one, two\n",
        "1.3.6.1.17|4:writecache|vlist=1,hexvalue=00ff\n",
    );
    let expected = [
        "1.3.6.1.1 Integer(-5)",
        "1.3.6.1.2 OctetString([97, 124, 98, 32, 35, 32, 99])",
        "1.3.6.1.3 OctetString([0, 255])",
        "1.3.6.1.4 OctetString([97, 0, 92, 10])",
        "1.3.6.1.5 OctetString([])",
        "1.3.6.1.6 ObjectId(1.3.6)",
        "1.3.6.1.7 IpAddress([10, 0, 0, 1])",
        "1.3.6.1.8 IpAddress([10, 0, 0, 2])",
        "1.3.6.1.9 Counter32(4294967295)",
        "1.3.6.1.10 Gauge32(2)",
        "1.3.6.1.11 TimeTicks(3)",
        "1.3.6.1.12 Opaque([159, 120, 4, 61, 204, 204, 205])",
        "1.3.6.1.13 Counter64(18446744073709551615)",
        "1.3.6.1.14 Unknown(71, [1])",
        "1.3.6.1.15 Counter32(7)",
        "1.3.6.1.16 OctetString([111, 110, 101, 44, 32, 116, 119, 111])",
        "1.3.6.1.17 OctetString([0, 255])",
    ];
    for text in [text.to_owned(), text.replace('\n', "\r\n"), format!("\u{feff}{}", text.trim_end())] {
        let walk = read(text.as_bytes());
        assert_eq!(skipped(&walk), [""; 0]);
        assert_eq!(shown(&walk), expected);
        assert_eq!(snmprec(to_snmprec(&walk.entries).as_bytes()).entries, walk.entries);
    }
}

#[test]
fn broken_lines_of_snmprec_are_told_and_passed_over() {
    let mut text = concat!(
        "1.3.6.1.9|2|1\n",
        "1.3.6.1.8|2|2\n",
        "1.3.6.1.9|2|3\n",
        "1.3.6.1.9\n",
        "1.3.x|2|1\n",
        "1.3.6.2|2|one\n",
        "1.3.6.2|4x|0\n",
        "1.3.6.2|4x|zz\n",
        "1.3.6.2|64|10.0.0.256\n",
        "1.3.6.2|65|4294967296\n",
        "1.3.6.2|5|\n",
        "1.3.6.2|71|1\n",
        "1.3.6.2|two|1\n",
        "1.3.6.2|2:delay|wait=5\n",
        "1.3.6.2|64x|0a0000\n",
        "1.3.6.2|4e|\\q\n",
    )
    .as_bytes()
    .to_vec();
    text.extend(b"\xff\xfe|2|1\n1.3.6.3|4|\xff\xfe\n");
    let walk = snmprec(&text);
    assert_eq!(
        shown(&walk),
        ["1.3.6.1.8 Integer(2)", "1.3.6.1.9 Integer(1)", "1.3.6.3 OctetString([255, 254])"]
    );
    assert_eq!(walk.unsorted, [2]);
    let told = skipped(&walk);
    for (line, word) in [
        (3, "stands in line 1 already, with another value"),
        (4, "OID|TAG|VALUE"),
        (5, "only digits and dots"),
        (6, "\"one\" is not an integer"),
        (7, "hex digits"),
        (8, "hex digits"),
        (9, "IPv4"),
        (10, "32 bits"),
        (11, "no value"),
        (12, "71x"),
        (13, "tag"),
        (14, "module \"delay\""),
        (15, "cannot be"),
        (16, "escape"),
        (17, "object identifier"),
    ] {
        let start = format!("line {line}: ");
        assert!(
            told.iter().any(|told| told.starts_with(&start) && told.contains(word)),
            "{line} {word}: {told:#?}"
        );
    }
    assert_eq!(told.len(), 15);
}

const TYPED: &str = r#".1.3.6.1.2.1.1.1.0 = STRING: "A \"quoted\" \\ thing"
.1.3.6.1.2.1.1.2.0 = OID: .1.3.6.1.4.1.318.1
SNMPv2-MIB::sysUpTime.0 = Timeticks: (1234567) 3:25:45.67
SNMPv2-MIB::sysContact.0 = STRING: one
two

= three
SNMPv2-MIB::sysName.0 = STRING: 
iso.3.6.1.2.1.1.6.0 = ""
IF-MIB::ifDescr.1 = STRING: eth0
IF-MIB::ifType.1 = INTEGER: ethernetCsmacd(6)
IF-MIB::ifSpeed.1 = Gauge32: 10000000
IF-MIB::ifPhysAddress.1 = STRING: 0:c0:b7:a:b:c
IF-MIB::ifInOctets.1 = Wrong Type (should be Counter32): Gauge32: 5
.1.3.6.1.4.1.9.1.0 = Hex-STRING: 00 01 02 FF 0A 0D 20 41 42 43 44 45 46 47 48 49 
50 51 52 
.1.3.6.1.4.1.9.2.0 = Hex-STRING: 41 42   [AB]
.1.3.6.1.4.1.9.3.0 = INTEGER: -5
.1.3.6.1.4.1.9.4.0 = INTEGER: 30 seconds
.1.3.6.1.4.1.9.5.0 = INTEGER: 1.5
.1.3.6.1.4.1.9.6.0 = IpAddress: 10.1.2.3
.1.3.6.1.4.1.9.7.0 = Network Address: 0A:01:02:04
.1.3.6.1.4.1.9.8.0 = BITS: 80 04 one(0) two(13) 
.1.3.6.1.4.1.9.9.0 = Counter64: 18446744073709551615
.1.3.6.1.4.1.9.10.0 = Opaque: Float: 0.100000
.1.3.6.1.4.1.9.11.0 = STRING: "several
lines, \"
.1.9.9 = not an object"
.1.3.6.1.4.1.9.12.0 = Counter32: 7
"#;

#[test]
fn what_snmpwalk_prints() {
    let expected = [
        "1.3.6.1.2.1.1.1.0 \"A \\\"quoted\\\" \\\\ thing\"",
        "1.3.6.1.2.1.1.2.0 ObjectId(1.3.6.1.4.1.318.1)",
        "1.3.6.1.2.1.1.3.0 TimeTicks(1234567)",
        "1.3.6.1.2.1.1.4.0 \"one\\ntwo\\n\\n= three\"",
        "1.3.6.1.2.1.1.5.0 \"\"",
        "1.3.6.1.2.1.1.6.0 \"\"",
        "1.3.6.1.2.1.2.2.1.2.1 \"eth0\"",
        "1.3.6.1.2.1.2.2.1.3.1 Integer(6)",
        "1.3.6.1.2.1.2.2.1.5.1 Gauge32(10000000)",
        "1.3.6.1.2.1.2.2.1.6.1 OctetString([0, 192, 183, 10, 11, 12])",
        "1.3.6.1.2.1.2.2.1.10.1 Gauge32(5)",
        "1.3.6.1.4.1.9.1.0 OctetString([0, 1, 2, 255, 10, 13, 32, 65, 66, 67, 68, 69, 70, 71, 72, 73, 80, 81, 82])",
        "1.3.6.1.4.1.9.2.0 \"AB\"",
        "1.3.6.1.4.1.9.3.0 Integer(-5)",
        "1.3.6.1.4.1.9.4.0 Integer(30)",
        "1.3.6.1.4.1.9.5.0 Integer(15)",
        "1.3.6.1.4.1.9.6.0 IpAddress([10, 1, 2, 3])",
        "1.3.6.1.4.1.9.7.0 IpAddress([10, 1, 2, 4])",
        "1.3.6.1.4.1.9.8.0 OctetString([128, 4])",
        "1.3.6.1.4.1.9.9.0 Counter64(18446744073709551615)",
        "1.3.6.1.4.1.9.10.0 Opaque([159, 120, 4, 61, 204, 204, 205])",
        "1.3.6.1.4.1.9.11.0 \"several\\nlines, \\\"\\n.1.9.9 = not an object\"",
        "1.3.6.1.4.1.9.12.0 Counter32(7)",
    ];
    let plain = |walk: &Walk| -> Vec<String> {
        let one = |entry: &Binding| match &entry.value {
            Value::OctetString(bytes) if bytes.is_ascii() && !bytes.contains(&0) => {
                format!("{} {:?}", entry.object, String::from_utf8_lossy(bytes))
            }
            value => format!("{} {value:?}", entry.object),
        };
        walk.entries.iter().map(one).collect()
    };
    for text in [TYPED.to_owned(), TYPED.replace('\n', "\r\n")] {
        let walk = read(text.as_bytes());
        assert_eq!(skipped(&walk), [""; 0]);
        assert_eq!(plain(&walk), expected);
        assert_eq!(walk.guessed, [0; 0]);
    }
}

#[test]
fn carriage_returns_of_the_device_stay_in_its_text() {
    let text = ".1.3.6.1.2.1.1.1.0 = STRING: IOS\r\nTechnical\r\n.1.3.6.1.2.1.1.5.0 = STRING: \"a\r\nb\"\n";
    let (plain, dos) = (snmpwalk(text.as_bytes()), snmpwalk(text.replace("\"\n", "\"\r\n").as_bytes()));
    assert_eq!(*at(&plain, "1.3.6.1.2.1.1.1.0"), Value::text("IOS\r\nTechnical\r"));
    assert_eq!(*at(&plain, "1.3.6.1.2.1.1.5.0"), Value::text("a\r\nb"));
    assert_eq!(*at(&dos, "1.3.6.1.2.1.1.1.0"), Value::text("IOS\nTechnical"));
    assert_eq!(*at(&dos, "1.3.6.1.2.1.1.5.0"), Value::text("a\nb"));
}

#[test]
fn without_types_the_object_tells_it_or_it_is_guessed() {
    let text = concat!(
        ".1.3.6.1.2.1.1.3.0 0:3:25:45.67\n",
        ".1.3.6.1.2.1.2.2.1.7.1 = up(1)\n",
        ".1.3.6.1.2.1.2.2.1.8.1 = up\n",
        ".1.3.6.1.2.1.2.2.1.10.1 5\n",
        ".1.3.6.1.4.1.9.1.0 \"00 01 02 \"\n",
        ".1.3.6.1.4.1.9.2.0 \"plain\"\n",
        ".1.3.6.1.4.1.9.3.0 7\n",
        ".1.3.6.1.4.1.9.4.0 = 4000000000\n",
        ".1.3.6.1.4.1.9.5.0 .1.3.6.1\n",
        ".1.3.6.1.4.1.9.6.0 10.0.0.1\n",
        ".1.3.6.1.4.1.9.7.0 1:0:00:00.05\n",
    );
    let walk = snmpwalk(text.as_bytes());
    assert_eq!(
        shown(&walk),
        [
            "1.3.6.1.2.1.1.3.0 TimeTicks(1234567)",
            "1.3.6.1.2.1.2.2.1.7.1 Integer(1)",
            "1.3.6.1.2.1.2.2.1.10.1 Counter32(5)",
            "1.3.6.1.4.1.9.1.0 OctetString([0, 1, 2])",
            "1.3.6.1.4.1.9.2.0 OctetString([112, 108, 97, 105, 110])",
            "1.3.6.1.4.1.9.3.0 Integer(7)",
            "1.3.6.1.4.1.9.4.0 Gauge32(4000000000)",
            "1.3.6.1.4.1.9.5.0 ObjectId(1.3.6.1)",
            "1.3.6.1.4.1.9.6.0 IpAddress([10, 0, 0, 1])",
            "1.3.6.1.4.1.9.7.0 TimeTicks(8640005)",
        ]
    );
    assert_eq!(walk.guessed, [7, 8, 9, 10, 11]);
    assert_eq!(
        skipped(&walk),
        ["line 3: \"up\" is not what ifOperStatus.1 holds; walk with -On, without -Oq"]
    );
}

#[test]
fn what_is_no_value_in_a_walk_is_told() {
    let text = concat!(
        "some words before\n",
        "PowerNet-MIB::rPDUOutletNoSuch.1 = INTEGER: 1\n",
        "NET-SNMP-EXTEND-MIB::nsExtendOutLine.\"disk\".1 = STRING: x\n",
        ".1.3.6.1.3 = No Such Object available on this agent at this OID\n",
        ".1.3.6.1.4 = INTEGER: many\n",
        ".1.3.6.1.5 = STRING: \"never closed\n",
        ".1.3.6.1.6 = INTEGER: 1\n",
        "Timeout: No Response from 10.0.0.1\n",
        ".1.3.6.1.7 = NULL\n",
        ".1.3.6.1.8 = No more variables left in this MIB View (It is past the end of the MIB tree)\n",
    );
    let walk = snmpwalk(text.as_bytes());
    assert_eq!(shown(&walk), ["1.3.6.1.6 Integer(1)"]);
    let told = skipped(&walk);
    for (told, word) in told.iter().zip([
        "line 1: ",
        "line 2: the name",
        "line 3: the index",
        "line 4: \"No Such Object",
        "line 5: \"many\"",
        "line 6: the quotes",
        "line 8: ",
        "line 9: \"NULL\" is no value",
        "line 10: ",
    ]) {
        assert!(told.starts_with(word), "{told} / {word}");
    }
    assert_eq!(told.len(), 9);
}

fn value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i64>().prop_map(Value::Integer),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Value::OctetString),
        "[ -~]{0,20}".prop_map(|text| Value::text(&text)),
        any::<[u8; 4]>().prop_map(Value::IpAddress),
        any::<u32>().prop_map(Value::Counter32),
        any::<u32>().prop_map(Value::Gauge32),
        any::<u32>().prop_map(Value::TimeTicks),
        prop::collection::vec(any::<u8>(), 0..20).prop_map(Value::Opaque),
        any::<u64>().prop_map(Value::Counter64),
        prop::collection::vec(0..40_u32, 2..9)
            .prop_map(|arcs| Value::ObjectId(Oid::from([&[1], &arcs[..]].concat()))),
        (0x47..0x4f_u8, prop::collection::vec(any::<u8>(), 0..9))
            .prop_map(|(tag, octets)| Value::Unknown(tag, octets)),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for walk in [snmprec(&bytes), snmpwalk(&bytes), read(&bytes)] {
            prop_assert!(walk.entries.windows(2).all(|pair| pair[0].object < pair[1].object));
        }
    }

    #[test]
    fn any_lines_are_read(text in "([.=:\"| 0-9A-Fa-z\\\\\n]|STRING: |Hex-STRING: |INTEGER: |1.3.6.1.|= |\r\n){0,80}") {
        for walk in [snmprec(text.as_bytes()), snmpwalk(text.as_bytes())] {
            let lines = text.split('\n').count();
            prop_assert!(walk.entries.len() + walk.skipped.len() <= lines);
            prop_assert!(walk.entries.windows(2).all(|pair| pair[0].object < pair[1].object));
            // What was read can be written and read again.
            prop_assert_eq!(snmprec(to_snmprec(&walk.entries).as_bytes()).entries, walk.entries);
        }
    }

    #[test]
    fn snmprec_there_and_back(values in prop::collection::vec(value(), 0..30)) {
        let entries: Vec<Binding> = values
            .into_iter()
            .zip(1..)
            .map(|(value, instance)| Binding { object: Oid::from([1, 3, 6, instance]), value })
            .collect();
        let walk = snmprec(to_snmprec(&entries).as_bytes());
        prop_assert_eq!(skipped(&walk), Vec::<String>::new());
        prop_assert_eq!(walk.entries, entries);
    }
}
