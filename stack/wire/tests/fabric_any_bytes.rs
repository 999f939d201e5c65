//! Codecs of cluster fabrics: each message cut at every byte, any bytes, and every packet of the captures as it was.

#[path = "support/fabric.rs"]
mod fabric;
#[path = "../fuzz/fabric.rs"]
mod target;

use std::fs::File;
use std::path::{Path, PathBuf};

use etherparse::{SlicedPacket, TransportSlice};
use fencelab_wire::corosync::{Knet, Order, Totem, knet, totem};
use fencelab_wire::infiniband::packet::Body;
use fencelab_wire::infiniband::{Packet, Transport, roce};
use pcap_file::pcap::PcapReader;
use proptest::prelude::*;

fn packets(file: &str) -> Vec<Vec<u8>> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/captures");
    let folder = std::env::var_os("FENCELAB_CAPTURES").map_or(default, PathBuf::from);
    let path = folder.join(file);
    let open = File::open(&path).unwrap_or_else(|error| {
        panic!("{}: {error}; set FENCELAB_CAPTURES to the folder of captures", path.display())
    });
    let mut reader = PcapReader::new(open).unwrap();
    let mut packets = Vec::new();
    while let Some(packet) = reader.next_packet() {
        packets.push(packet.unwrap().data().to_vec());
    }
    packets
}

fn datagrams(file: &str) -> Vec<Vec<u8>> {
    let payload = |packet: &Vec<u8>| match SlicedPacket::from_ethernet(packet).unwrap().transport {
        Some(TransportSlice::Udp(udp)) => udp.payload().to_vec(),
        other => panic!("{other:?}"),
    };
    packets(file).iter().map(payload).collect()
}

#[test]
fn every_packet_of_knet_is_written_as_it_was_read() {
    let mut messages = 0;
    for bytes in datagrams("corosync/corosync3-knet-nocrypto.pcap") {
        let packet = Knet::parse(&bytes).unwrap();
        assert_eq!(packet.emit(), bytes);
        assert!(Knet::is_spoken(&bytes), "{packet:?}");
        if let knet::Body::Data(header, contents) = &packet.body
            && header.fragment <= 1
        {
            assert_eq!(Totem::parse(contents).unwrap().emit(), *contents);
            messages += 1;
        }
    }
    assert!(messages > 300, "{messages}");
}

#[test]
fn every_message_of_totem_is_written_as_it_was_read() {
    let all = datagrams("corosync/corosync3-udpu-nocrypto.pcap");
    assert_eq!(all.len(), 391);
    for bytes in all {
        let message = Totem::parse(&bytes).unwrap();
        assert_eq!(message.emit(), bytes);
        assert!(!matches!(message.body, totem::Body::Unknown(..)));
        assert!(!Knet::is_spoken(&bytes));
    }
}

#[test]
fn every_packet_of_the_fabric_is_written_as_it_was_read() {
    const ERF: usize = 16;
    for record in packets("infiniband/softroce-demo-infiniband.pcap") {
        let length = usize::from(u16::from_be_bytes([record[14], record[15]]));
        let bytes = &record[ERF..ERF + length];
        let packet = Packet::parse(bytes).unwrap();
        assert_eq!(packet.emit(), bytes);
        assert_eq!(packet.trailer.len(), 2, "VCRC");
        let Body::Transport(_, transport) = &packet.body else { panic!("{packet:?}") };
        assert!(transport.icrc.is_some());
        target::take(bytes);
    }
}

#[test]
fn what_is_cut_anywhere_is_never_read_as_whole() {
    for (name, bytes) in fabric::totem(Order::Little).into_iter().chain(fabric::totem(Order::Big)) {
        for length in 0..bytes.len() {
            match Totem::parse(&bytes[..length]) {
                // What is told has no length of its own, nor has what is not known.
                Ok(cut) if name == "mcast" => assert!(length >= totem::mcast::HEADER, "{cut:?}"),
                Ok(cut) if name == "unknown" => assert!(length >= totem::HEADER, "{cut:?}"),
                Ok(cut) => panic!("{name} at {length}: {cut:?}"),
                Err(error) => assert!(!error.to_string().is_empty()),
            }
        }
    }
    for bytes in [fabric::in_fabric(&fabric::transport(0x0c, b"abcd"), true)] {
        let whole = Packet::parse(&bytes).unwrap();
        for length in 0..bytes.len() - whole.trailer.len() {
            if let Ok(cut) = Packet::parse(&bytes[..length]) {
                assert!(cut.missing(length) > 0, "{length}");
                let Body::Transport(_, transport) = &cut.body else { panic!("{cut:?}") };
                assert_eq!(transport.icrc, None);
            }
        }
    }
}

#[test]
fn a_pad_is_no_part_of_what_is_carried() {
    let mut bytes = fabric::datagram(b"abcde\0\0\0");
    bytes[1] = 0x30;
    assert_eq!(Transport::parse(&bytes, true).unwrap().carried(), b"abcde");
    let error = Transport::parse(&bytes[..22], true).unwrap_err();
    assert_eq!(error.to_string(), "ICRC: 24 bytes are needed, 22 are there");
}

#[test]
fn what_fills_a_frame_up_is_no_part_of_the_packet() {
    let inside = fabric::transport(0x11, b"");
    let frame = [fabric::grh(inside.len()).emit(), inside.clone(), vec![0; 9]].concat();
    let (grh, transport) = roce::parse_v1(&frame, true).unwrap();
    assert_eq!((transport.emit(), grh.emit()), (inside, frame[..40].to_vec()));
}

proptest! {
    /// Whatever can be read is written as it was; nothing panics.
    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        target::take(&bytes);
    }

    /// The same for bytes that begin like something.
    #[test]
    fn damaged_messages(
        which in any::<prop::sample::Index>(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        length in any::<prop::sample::Index>(),
    ) {
        let all = fabric::all();
        let (_, mut bytes) = which.get(&all).clone();
        for (place, byte) in damage {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(length.index(bytes.len() + 1));
        let whole = u16::try_from(bytes.len()).unwrap().to_le_bytes();
        target::take(&[&whole[..], &bytes].concat());
    }
}
