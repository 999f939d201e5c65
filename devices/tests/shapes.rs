//! Every device of the corpus in every shape that means something for it.

#[path = "support/snmp.rs"]
mod support;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use fencelab_devices::shape::Names;
use fencelab_devices::spec::{FaceSpec, SnmpFace};
use fencelab_devices::{Credentials, Description, Device, DeviceSpec, Power, Shape, corpus};
use fencelab_wire::snmp::{Binding, ErrorStatus, Oid, Pdu, Value, Version};
use support::*;

fn folder(id: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus").join(id)
}

fn shaped(id: &str, shape: &str) -> Result<Arc<DeviceSpec>, String> {
    DeviceSpec::load_shaped(&folder(id), &shape.parse().unwrap()).map_err(|error| error.to_string())
}

fn snmp(spec: &DeviceSpec) -> Option<&SnmpFace> {
    spec.faces.iter().find_map(|face| match face {
        FaceSpec::Snmp(face) => Some(&**face),
        _ => None,
    })
}

/// What stands in every instance, asked for by GetBulk from end to end. A string of a thousand plugs does not fit into an
/// answer, and is left out.
fn walk(spec: &Arc<DeviceSpec>) -> Vec<(Oid, Option<Value>)> {
    let mut bench = Asker::of(Device::new(Arc::clone(spec), &Credentials::default(), 1));
    let table = &snmp(spec).expect("an SNMP device").table;
    let (mut from, mut all) = (oid("0.0"), Vec::new());
    loop {
        let answer =
            bench.send(Pdu::get_bulk(0, 0, 30, vec![Binding::ask(from.clone())])).expect("an answer");
        if answer.error == ErrorStatus::TOO_BIG {
            from = table.row(table.after(&from)).expect("a row").oid.clone();
            all.push((from.clone(), None));
            continue;
        }
        assert!(answer.error.is_ok(), "{}", answer.error);
        for Binding { object, value } in answer.bindings {
            if value == Value::EndOfMibView {
                return all;
            }
            assert!(from < object);
            from = object.clone();
            all.push((object, Some(value)));
        }
    }
}

/// The values of a described object, in the order of its instances.
fn values(spec: &Arc<DeviceSpec>, column: &str) -> Vec<Value> {
    let rows = walk(spec).into_iter().filter(|(object, _)| object.starts_with(&oid(column)));
    rows.filter_map(|(_, value)| value).collect()
}

#[test]
fn every_device_in_every_shape_of_its_loads_and_is_walked() {
    let root = folder("");
    for device in corpus::folders(&root).unwrap() {
        let description = Description::read(&device.path).unwrap();
        let variants = description.variants().unwrap_or_else(|error| panic!("{error}"));
        let described = description.shaped(&Shape::default()).unwrap();
        match described.faces[0] {
            FaceSpec::Ipmi(_) => assert!(variants.is_empty(), "{}", device.id),
            FaceSpec::Snmp(_) => assert!(!variants.is_empty(), "{}", device.id),
            _ => {}
        }
        for (shape, spec) in variants {
            if let Some(count) = shape.plugs {
                assert_eq!(spec.plant.plugs.len(), usize::from(count), "{}", device.id);
            }
            let Some(face) = snmp(&spec) else { continue };
            assert!(face.skipped.is_empty(), "{} {shape}", device.id);
            if !face.versions.contains(&Version::V2c) {
                continue;
            }
            let rows = walk(&spec);
            assert!(rows.iter().filter(|(_, value)| value.is_none()).count() <= 1, "{} {shape}", device.id);
            let all = face.table.rows().iter().map(|row| &row.oid);
            assert!(rows.iter().map(|(object, _)| object).eq(all), "{} {shape}", device.id);
        }
    }
}

#[test]
fn counts_follow_the_number_of_plugs() {
    let number = |count: i64| vec![Value::Integer(count)];
    for (shape, count) in [("", 24), ("plugs=2", 2), ("plugs=100", 100), ("plugs=1000", 1000)] {
        let spec = shaped("apc/rpdu", shape).unwrap();
        assert_eq!(values(&spec, "1.3.6.1.4.1.318.1.1.12.1.8"), number(count), "{shape}");
        assert_eq!(values(&spec, "1.3.6.1.4.1.318.1.1.4.4.1"), number(count), "{shape}");
        assert_eq!(values(&spec, STATUS).len(), usize::try_from(count).unwrap(), "{shape}");
    }
    // Banks that are lists: the last one grows, and one that has no plug left is gone.
    let banks = |shape: &str| values(&shaped("apc/rpdu", shape).unwrap(), "1.3.6.1.4.1.318.1.1.12.3.5.1.1.6");
    let (one, two) = (|count| vec![Value::Integer(1); count], |count| vec![Value::Integer(2); count]);
    assert_eq!(banks("plugs=16"), [one(12), two(4)].concat());
    assert_eq!(banks("plugs=100"), [one(12), two(88)].concat());
    assert_eq!(banks("plugs=9"), one(9));
    // Banks that are ranges: each gets its share, and strings of one bank hold that bank.
    let spec = shaped("lindy/ipower-classic-8", "plugs=9").unwrap();
    let names: Vec<&str> = spec.plant.plugs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["1:1", "1:2", "1:3", "1:4", "1:5", "2:1", "2:2", "2:3", "2:4"]);
    assert_eq!(values(&spec, "1.3.6.1.4.1.17420.1.2.9.1.13"), [Value::text("1,1,1,1,1")]);
    let mut bench = Asker::new(spec);
    bench.fault("state(unavailable)");
    let states = "1.3.6.1.4.1.17420.1.2.9.2.13.0";
    assert_eq!(bench.get(states), Ok(Value::text("-1,-1,-1,-1")), "as many elements as plugs");
    let spec = shaped("lindy/ipower-classic-8", "plugs=24").unwrap();
    assert_eq!(values(&spec, "1.3.6.1.4.1.17420.1.2.9.2.13"), [Value::text(&["1"; 12].join(","))]);
    let spec = shaped("apc/masterswitch-plus", "plugs=10").unwrap();
    assert_eq!(values(&spec, "1.3.6.1.4.1.318.1.1.6.4.2.1.3"), [4, 3, 3].map(Value::Integer));
    assert_eq!(values(&shaped("generic/if-mib", "plugs=100").unwrap(), "1.3.6.1.2.1.2.1"), number(101));
}

#[test]
fn names_are_told_where_names_stand() {
    let text = |text: &str| Value::text(text);
    let spec = shaped("apc/rpdu", "plugs=10,names=nested").unwrap();
    let names = values(&spec, NAMES);
    assert_eq!(names[..5], ["node11", "node111", "node1", "node1111", "node10"].map(text));
    assert_eq!(names, values(&spec, "1.3.6.1.4.1.318.1.1.12.3.4.1.1.2"), "every table tells the same");
    assert_eq!(spec.plant.plugs[9].0, "10", "a plug with a number keeps it");
    let of = |kind: &str| values(&shaped("apc/rpdu", &format!("names={kind}")).unwrap(), NAMES);
    assert_eq!((&of("same")[0], &of("same")[23]), (&text("server"), &text("server")));
    assert_eq!(of("empty")[7], text(""));
    assert_eq!(of("numbers")[0], text("2"));
    assert_eq!(of("on-off")[2], text("Power is off"));
    // Units have names as well: they are none of a plug's.
    let spec = shaped("apc/masterswitch-plus", "names=long").unwrap();
    assert_eq!(values(&spec, "1.3.6.1.4.1.318.1.1.6.7.1.1.2")[0], text("MSP 1"));
    // Where a plug is called by a word that the device tells, it is called otherwise now; its numbers stay where they were.
    let spec = shaped("generic/if-mib", "names=nested").unwrap();
    assert_eq!(spec.plant.plugs[1].0, "node111");
    let (described, alias) = ("1.3.6.1.2.1.2.2.1.2", "1.3.6.1.2.1.31.1.1.1.18");
    assert_eq!(values(&spec, described)[..3], ["Vlan1", "node11", "node111"].map(text));
    assert_eq!(values(&spec, &format!("{alias}.10102")), [text("node111")]);
    let mut bench = Asker::new(spec);
    assert!(bench.set(&oid("1.3.6.1.2.1.2.2.1.7.10102"), Value::Integer(2)).is_ok());
    bench.sleep(Duration::from_secs(1));
    assert_eq!((bench.truth("node111"), bench.truth("node1")), (Power::Off, Power::On));
    let spec = shaped("generic/if-mib", "names=same").unwrap();
    assert_eq!(spec.plant.plugs[1].0, "GigabitEthernet0/2", "one name for all is no plug's own");
    assert_eq!(values(&spec, &format!("{alias}.10102")), [text("server")]);
    assert_eq!(Names::ALL.len(), 8);
}

#[test]
fn banners_begin_as_described() {
    let of = |kind: &str| {
        let spec = shaped("apc/rpdu", &format!("banner={kind}")).unwrap();
        values(&spec, "1.3.6.1.2.1.1.5").remove(0)
    };
    let Value::OctetString(long) = of("long") else { panic!() };
    assert!(long.len() == 1000 && long.starts_with(b"lab-rpdu"));
    assert_eq!(of("lines"), Value::text("lab-rpdu\r\nsecond line\nthird line\r\n"));
    assert_eq!(of("non-ascii"), Value::text("lab-rpdu – Gerät in Köln, 配电盘"));
    assert_eq!(of("off"), Value::text("lab-rpdu status = off; error=1: \"power is off\""));
    let firmware = |shape: &str| values(&shaped("apc/rpdu", shape).unwrap(), "1.3.6.1.4.1.318.1.1.12.1.3");
    assert_eq!(firmware("banner=long"), firmware(""), "what is no description stays");
}

#[test]
fn refusals_say_why() {
    for (id, shape, why) in [
        ("generic/ipmi-2.0", "plugs=2", "its plugs are named one by one"),
        ("generic/ipmi-2.0", "names=long", "a BMC's plug has no name"),
        ("generic/ipmi-2.0", "banner=long", "a BMC has no texts"),
        ("apc/rpdu", "plugs=1025", "there must be 1 to 1024"),
        ("apc/masterswitch-plus", "plugs=2", "it has 3 banks"),
        ("cisco/mds", "plugs=100", "it has recorded answers"),
        ("cisco/mds", "names=same", "no object of it holds names of plugs"),
        ("eaton/switched-epdu", "plugs=100", "is there twice"),
        ("intel/modular-server", "names=same", "no object of it holds names"),
        ("apc/nothing", "plugs=2", "cannot be read"),
    ] {
        let error = shaped(id, shape).unwrap_err();
        assert!(error.contains(why) && error.contains("device.toml"), "{id} {shape}: {error}");
    }
}

#[test]
fn the_empty_shape_is_the_device_as_described() {
    let (plain, shaped) = (DeviceSpec::load(&folder("apc/rpdu")).unwrap(), shaped("apc/rpdu", "").unwrap());
    assert_eq!(format!("{plain:?}"), format!("{shaped:?}"));
    let catalogue = Shape::catalogue(&folder("apc/rpdu")).unwrap();
    let written: Vec<String> = catalogue.iter().map(Shape::to_string).collect();
    assert!(written.contains(&"plugs=1000".to_owned()) && !written.contains(&"plugs=24".to_owned()));
    assert_eq!(catalogue.len(), 6 + 8 + 4);
    assert!(Shape::catalogue(&folder("generic/ipmi-2.0")).unwrap().is_empty());
}

/// It is to be cheap enough for hundreds; a build for tests is slower by an order of magnitude.
#[test]
fn a_thousand_plugs_load_soon() {
    let description = Description::read(&folder("apc/rpdu")).unwrap();
    let begin = Instant::now();
    let spec = description.shaped(&"plugs=1000,names=long".parse().unwrap()).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(5), "{:?}", begin.elapsed());
    assert_eq!(spec.plant.plugs.len(), 1000);
}
