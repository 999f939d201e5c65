//! Frozen bytes: known answers, computed apart from this crate (Python's hmac and hashlib, OpenSSL's AES).
//!
//! If a test in this file fails, do not change the test: the wire would change with it.

use fencelab_wire::Secret;
use fencelab_wire::ipmi::cipher_suite::Suite;
use fencelab_wire::ipmi::crypto::Keys;
use fencelab_wire::ipmi::rakp::Exchange;
use fencelab_wire::ipmi::rmcpplus::{Packet, PayloadType, is_signed_with};
use fencelab_wire::ipmi::{AuthType, LanMessage, NetFn, Request, auth};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn ramp(from: u8) -> [u8; 16] {
    std::array::from_fn(|i| from + i as u8)
}

fn message() -> LanMessage {
    LanMessage::request(3, Request::new(NetFn::CHASSIS, 0x01, []))
}

/// One suite's known answers.
struct Known {
    suite: u8,
    rakp2: &'static str,
    rakp3: &'static str,
    /// Without and with a BMC key: session integrity key, RAKP 4, the packet of [`message`].
    keyed: [(Option<&'static str>, &'static str, &'static str, &'static str); 2],
}

const KG: Option<&str> = Some("0123456789abcdefghij");

fn check(known: &Known) {
    let suite = Suite::from_id(known.suite).unwrap();
    let password = Secret::from("secret");
    let exchange = Exchange {
        algorithm: suite.authentication,
        console: 0xa0a2_a3a4,
        bmc: 0x0200_0d5c,
        console_random: ramp(0),
        bmc_random: ramp(0x40),
        guid: *b"\xa1\x23\x45\x67\x89\xab\xcd\xef\xa1\x23\x45\x67\x89\xab\xcd\xef",
        role: 0x14,
        name: b"admin".to_vec(),
    };
    assert_eq!(hex(exchange.rakp2(&password).unwrap().as_slice()), known.rakp2);
    assert_eq!(hex(exchange.rakp3(&password).unwrap().as_slice()), known.rakp3);
    for (kg, sik, rakp4, packet) in known.keyed {
        let own = exchange.sik(&password, kg.map(Secret::from).as_ref()).unwrap();
        assert_eq!(hex(own.as_slice()), sik);
        assert_eq!(hex(exchange.rakp4(own.as_slice()).unwrap().as_slice()), rakp4);
        let keys = Keys::derive(suite, own.as_slice(), &password).unwrap();
        let plain = message().emit();
        let bare = Packet::sessionless(PayloadType::Ipmi, &plain);
        let header = Packet { id: 0x0200_0d5c, sequence: 7, authenticated: true, encrypted: true, ..bare };
        let sealed = header.seal(&keys, &mut |iv: &mut [u8]| iv.copy_from_slice(&ramp(0x80)));
        assert_eq!(hex(&sealed), packet);
        assert!(is_signed_with(&sealed, &keys));
        let parsed = Packet::parse(&sealed[4..]).unwrap();
        assert_eq!(keys.decrypt(parsed.payload), Some(plain));
    }
}

#[test]
fn suite_3() {
    check(&Known {
        suite: 3,
        rakp2: "9cfb620b9100eb9524b797fd85051428f22db7f4",
        rakp3: "93ecc937ed9482432a1f6248adebcfbb44d7b5ce",
        keyed: [
            (
                None,
                "8ed1036ca8de47360a59816e0ca483eef346fd9c",
                "fe23f17cad6349a97c6d000a",
                "0600ff0706c05c0d0002070000002000808182838485868788898a8b8c8d8e8f\
                 c2e9056d19dd5a43745a5df34084be6affff0207f2d487f624a1492dbe9191d1",
            ),
            (
                KG,
                "02786bd077f2d1ea5a9eca3a99c46a07dc38c791",
                "12ec42c141fa1ad8c19a6eac",
                "0600ff0706c05c0d0002070000002000808182838485868788898a8b8c8d8e8f\
                 1b16bdc12a1c3b69268d0c2d65330663ffff0207eb604c1cc10ed9e7609c0967",
            ),
        ],
    });
}

#[test]
fn suite_8() {
    check(&Known {
        suite: 8,
        rakp2: "01d50be7a3e5b4f1ae7cc5032a2dfe2b",
        rakp3: "2d0ededbaa9027934cfd27b2e9549947",
        keyed: [
            (
                None,
                "4449397101376bbcd18b86aa25615fa9",
                "df39e82e59d237995837b5155c58d399",
                "0600ff0706c05c0d0002070000002000808182838485868788898a8b8c8d8e8f\
                 d460bcdc66c6e6d9a6092eb57244ac7bffff0207b3d4cbdedab94f10cf16b7666b0aac7d",
            ),
            (
                KG,
                "a59116a3e6294021cfdf8e8c18ea6920",
                "6b1c4e58d68530ad69e3c66e20544e6a",
                "0600ff0706c05c0d0002070000002000808182838485868788898a8b8c8d8e8f\
                 5de044034675ff5d9e7752d03249423fffff020732732cb657886fa18f7d939d0db715b9",
            ),
        ],
    });
}

#[test]
fn suite_17() {
    check(&Known {
        suite: 17,
        rakp2: "51a61b0da57388debdca2125d153dd1da1dfae8a3f64295740aa6676758eb9b6",
        rakp3: "f195e2a30415106b4ad18fdc55f2bd6d8ea71e75ccf870dd28640087f2f338cd",
        keyed: [
            (
                None,
                "ec9637d7764a0f1dae95c05ea62489cb255f69c7964c72232c99b86a7cdec16c",
                "2ddf64a5cd5a7b450f7a4b7a8fef7b7c",
                "0600ff0706c05c0d0002070000002000808182838485868788898a8b8c8d8e8f\
                 9555ca9658d18f4dc4bfa4fd7e49c09bffff0207f202016161dbb018de2083a402542b5a",
            ),
            (
                KG,
                "1b6e1201a2f1f7fed950aa4f9457e784f9868df8bbd2def8f49201628c697cce",
                "953dbf92da21c75b626e619584a77113",
                "0600ff0706c05c0d0002070000002000808182838485868788898a8b8c8d8e8f\
                 47f4379c878ac05218035cf79c340f09ffff0207f655bb347cf795a21bc32899160a79d7",
            ),
        ],
    });
}

#[test]
fn md5_code_of_ipmi_1_5() {
    let message = message().emit();
    assert_eq!(hex(&message), "2000e0810c0172");
    let code = auth::code(AuthType::Md5, &Secret::from("secret"), 0x1122_3344, 5, &message).unwrap();
    assert_eq!(hex(&code), "62b363e261e4191fc1f1b2c1baccaa00");
}

#[test]
fn json_of_messages() {
    let request = r#"{"netfn":0,"cmd":1,"seq":3,"data":""}"#;
    assert_eq!(serde_json::to_string(&message()).unwrap(), request);
    let response = r#"{"netfn":1,"cmd":1,"seq":3,"cc":0,"data":"21100000"}"#;
    let parsed: LanMessage = serde_json::from_str(response).unwrap();
    assert_eq!(serde_json::to_string(&parsed).unwrap(), response);
    assert_eq!(hex(&parsed.emit()), "81047b200c010021100000a2");
    let elsewhere = r#"{"netfn":6,"cmd":1,"seq":63,"rs":130,"rq":64,"lun":2,"rqlun":1,"data":"00ff"}"#;
    let parsed: LanMessage = serde_json::from_str(elsewhere).unwrap();
    assert_eq!(serde_json::to_string(&parsed).unwrap(), elsewhere);
}

#[test]
fn json_that_is_no_message_says_why() {
    for (text, why) in [
        (r#"{"netfn":0,"cmd":1,"seq":64,"data":""}"#, "seq is 64, but at most 63 fits"),
        (r#"{"netfn":1,"cmd":1,"seq":0,"data":""}"#, "\"cc\" is missing"),
        (r#"{"netfn":0,"cmd":1,"seq":0,"cc":0,"data":""}"#, "it has no \"cc\""),
        (r#"{"netfn":0,"cmd":1,"seq":0,"data":"0"}"#, "data: hex text of odd length 1"),
        (r#"{"netfn":0,"cmd":1,"seq":0}"#, "missing field `data`"),
    ] {
        let error = serde_json::from_str::<LanMessage>(text).unwrap_err().to_string();
        assert!(error.contains(why), "{text}: {error}");
    }
}
