//! The folders of the corpus load.

use fencelab_devices::{DeviceSpec, corpus};
use std::path::Path;

fn root() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../transcripts/corpus")
}

#[test]
fn loads() {
    let spec = corpus::find(&root(), "generic/ipmi-2.0").unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(spec.id, "generic/ipmi-2.0");
    assert!(spec.states().any(|state| state.name == "power-off"));
    let again = DeviceSpec::load(&spec.folder).unwrap();
    assert_eq!(again.id, spec.id);
}

#[test]
fn every_folder_of_the_corpus_loads() {
    let all = corpus::load_all(&root()).unwrap_or_else(|error| panic!("{error}"));
    assert!(all.len() >= 69);
    for (folder, spec) in all {
        let spec = spec.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(spec.id, folder.id);
        assert!(spec.states().count() >= 2, "{}", spec.id);
    }
}

#[test]
fn a_misspelt_name_is_answered_with_the_right_one() {
    let error = corpus::find(&root(), "generic/ipmi-2.1").unwrap_err();
    assert!(error.to_string().contains("did you mean `generic/ipmi-2.0`?"), "{error}");
}
