//! Where a face is to be found once it is ready, and the line that says so.

use std::net::SocketAddr;

use fencelab_recorder::Place;
use serde_json::{Map, Value, json};

use crate::credentials;

/// As a place is told: `address` and `port`, or `path`.
pub(crate) fn told(place: &Place) -> Map<String, Value> {
    let pairs = match place {
        Place::Address(address) => {
            vec![("address", json!(address.ip().to_string())), ("port", json!(address.port()))]
        }
        Place::Path(path) => vec![("path", json!(path.display().to_string()))],
    };
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

/// What a client needs to know of a face that is ready.
pub(crate) fn ready_line(
    device: &str,
    number: usize,
    face: &str,
    place: &Place,
    control: Option<SocketAddr>,
) -> Map<String, Value> {
    let login = credentials::lab();
    let mut line = Map::new();
    line.insert("device".to_owned(), device.into());
    line.insert("number".to_owned(), number.into());
    line.insert("face".to_owned(), face.into());
    line.extend(told(place));
    line.insert("user".to_owned(), login.user.into());
    // A password that the user chose is named, never shown.
    let (name, value) = match credentials::variable(credentials::LAB_PASSWORD) {
        Some(_) => ("password-env", credentials::LAB_PASSWORD.to_owned()),
        None => ("password", login.password),
    };
    line.insert(name.to_owned(), value.into());
    line.extend(control.map(|address| ("control".to_owned(), format!("http://{address}").into())));
    line
}
