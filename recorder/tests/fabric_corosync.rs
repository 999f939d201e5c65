//! Captures of corosync.
mod common;
use common::captures;
use fencelab_recorder::fabric::{Statistics, load};
use fencelab_recorder::import::fabric::{Fabric, Options, import_file};
#[test]
fn see() {
    for (f, k) in [
        ("corosync/corosync3-knet-nocrypto.pcap", Fabric::Corosync),
        ("corosync/corosync3-udpu-nocrypto.pcap", Fabric::Corosync),
        ("infiniband/softroce-demo-infiniband.pcap", Fabric::InfiniBand),
    ] {
        let it = import_file(&captures().join(f), &Options::new(k)).unwrap();
        println!("{:?}", it.warnings);
        println!("{}", it.transcript);
        println!("{}", Statistics::of(&it.transcript).unwrap());
        println!("{}", load(&it.transcript).len());
    }
}
