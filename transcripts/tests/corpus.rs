//! Every transcript that is shipped is right, canonical, complete in its header, and holds no secret.

use std::path::{Path, PathBuf};

use fencelab_transcript::fmt;
use fencelab_transcript::lint::{self, Rules};

fn transcripts(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            transcripts(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "jsonl") {
            found.push(path);
        }
    }
}

#[test]
fn the_corpus_has_no_findings() {
    let mut files = Vec::new();
    transcripts(&Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus"), &mut files);
    let mut findings = Vec::new();
    for file in &files {
        let name = file.display().to_string();
        let text = std::fs::read_to_string(file).unwrap();
        findings.extend(lint::lint(&name, &text, &Rules::default()).iter().map(ToString::to_string));
        assert_eq!(fmt::canonical(&name, &text).unwrap(), text, "{name}");
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
    assert!(!files.is_empty(), "the corpus has no transcript");
}
