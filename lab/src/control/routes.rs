//! Which path does what.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use fencelab_devices::Fault;
use fencelab_devices::Power;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::ORIGIN;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};

use super::answer::{self, Answer, Refusal};
use super::{Emulated, view};

/// A longer body is refused: the longest that makes sense is a list of fault expressions.
const BODY_LIMIT: usize = 64 * 1024;

/// Answers one request; whatever is wrong with it, there is an answer.
pub(super) async fn answer(
    request: Request<Incoming>,
    devices: Arc<[Emulated]>,
) -> Result<Answer, Infallible> {
    Ok(answer::of(route(request, &devices).await))
}

async fn route(request: Request<Incoming>, devices: &[Emulated]) -> Result<Value, Refusal> {
    let path = request.uri().path().to_owned();
    if request.headers().contains_key(ORIGIN) {
        // Programs on this machine don't send it; a web page that was led here does.
        let mend = "ask from a program, such as curl, not from a page in a browser";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "requests of web pages are refused", path, mend));
    }
    let method = request.method().clone();
    let body = read(request, &path).await?;
    let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decoded).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let place = Place { path: &path, method: &method };
    match *parts.as_slice() {
        [] => place.only(&[Method::GET]).map(|()| index(devices)),
        ["devices"] => {
            place.only(&[Method::GET])?;
            Ok(devices.iter().enumerate().map(|(number, device)| view::device(number, device)).collect())
        }
        ["devices", number, ref rest @ ..] => {
            let (number, device) = place.device(devices, number)?;
            place.of_device(number, device, rest, &body)
        }
        _ => Err(place.unknown()),
    }
}

async fn read(request: Request<Incoming>, path: &str) -> Result<Vec<u8>, Refusal> {
    let body = Limited::new(request.into_body(), BODY_LIMIT).collect().await;
    body.map(|body| body.to_bytes().to_vec()).map_err(|error| {
        let what = format!("the body can't be read: {error}");
        Refusal::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            what,
            path,
            format!("send at most {BODY_LIMIT} bytes of JSON"),
        )
    })
}

fn index(devices: &[Emulated]) -> Value {
    json!({
        "fencelab": env!("CARGO_PKG_VERSION"),
        "devices": devices.len(),
        "paths": [
            "GET /devices", "GET /devices/{n}", "GET /devices/{n}/timeline", "GET /devices/{n}/requests",
            "GET /devices/{n}/plugs", "PUT /devices/{n}/plugs/{plug}",
            "GET /devices/{n}/faults", "PUT /devices/{n}/faults", "DELETE /devices/{n}/faults",
        ],
    })
}

struct Place<'a> {
    path: &'a str,
    method: &'a Method,
}

impl Place<'_> {
    fn only(&self, methods: &[Method]) -> Result<(), Refusal> {
        if methods.contains(self.method) {
            return Ok(());
        }
        let allow = match methods {
            [Method::GET] => "GET",
            [Method::PUT] => "PUT",
            _ => "GET, PUT, DELETE",
        };
        let what = format!("{} is not known here", self.method);
        let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, what, self.path, format!("use {allow}"));
        Err(Refusal { allow: Some(allow), ..refusal })
    }

    fn unknown(&self) -> Refusal {
        Refusal::new(StatusCode::NOT_FOUND, "there is no such path", self.path, "GET / lists the paths")
    }

    fn wrong(&self, what: impl Into<String>, mend: impl Into<String>) -> Refusal {
        Refusal::new(StatusCode::BAD_REQUEST, what, self.path, mend)
    }

    fn device<'a>(&self, devices: &'a [Emulated], number: &str) -> Result<(usize, &'a Emulated), Refusal> {
        let found = number.parse().ok().and_then(|number: usize| Some((number, devices.get(number)?)));
        found.ok_or_else(|| {
            let mend = format!("devices are numbered from 0 to {}", devices.len().saturating_sub(1));
            Refusal::new(StatusCode::NOT_FOUND, format!("there is no device {number}"), self.path, mend)
        })
    }

    fn of_device(
        &self,
        number: usize,
        emulated: &Emulated,
        rest: &[&str],
        body: &[u8],
    ) -> Result<Value, Refusal> {
        let shared = &emulated.shared;
        match *rest {
            [] => self.only(&[Method::GET]).map(|()| view::device(number, emulated)),
            ["timeline"] => {
                self.only(&[Method::GET]).map(|()| shared.with(|device, now| view::timeline(device, now)))
            }
            ["requests"] => {
                self.only(&[Method::GET])?;
                Ok(shared.with(|device, now| view::requests(emulated, device, now)))
            }
            ["plugs"] => {
                self.only(&[Method::GET]).map(|()| shared.with(|device, now| view::plugs(device, now)))
            }
            ["plugs", plug] => {
                self.only(&[Method::PUT])?;
                let power = self.power(body)?;
                let known = shared.with(|device, now| device.plant_mut().set(now, plug, power));
                if !known {
                    let mend = "GET /devices/{n}/plugs lists the plugs";
                    return Err(Refusal::new(
                        StatusCode::NOT_FOUND,
                        format!("there is no plug `{plug}`"),
                        self.path,
                        mend,
                    ));
                }
                Ok(view::device(number, emulated))
            }
            ["faults"] => {
                self.only(&[Method::GET, Method::PUT, Method::DELETE])?;
                if *self.method == Method::PUT {
                    let faults = self.faults(body)?;
                    emulated.faulty.store(true, Ordering::Relaxed);
                    shared.with(|device, _| device.set_faults(faults));
                } else if *self.method == Method::DELETE {
                    shared.with(|device, _| device.clear_faults());
                }
                Ok(shared.with(|device, _| view::faults(device)))
            }
            _ => Err(self.unknown()),
        }
    }

    fn json(&self, body: &[u8], mend: &str) -> Result<Value, Refusal> {
        serde_json::from_slice(body)
            .map_err(|error| self.wrong(format!("the body is not JSON: {error}"), mend))
    }

    fn power(&self, body: &[u8]) -> Result<Power, Refusal> {
        const MEND: &str = r#"send {"power":"on"} or {"power":"off"}"#;
        match self.json(body, MEND)?.get("power").and_then(Value::as_str) {
            Some("on") => Ok(Power::On),
            Some("off") => Ok(Power::Off),
            _ => Err(self.wrong("the body names no power", MEND)),
        }
    }

    fn faults(&self, body: &[u8]) -> Result<Vec<Fault>, Refusal> {
        const MEND: &str =
            r#"send a list of fault expressions, such as ["drop@from-device,status", "done-late(3s)@off"]"#;
        let value = self.json(body, MEND)?;
        let list = value.as_array().ok_or_else(|| self.wrong("the body is not a list", MEND))?;
        let mut faults = Vec::new();
        for (index, item) in list.iter().enumerate() {
            let text =
                item.as_str().ok_or_else(|| self.wrong(format!("item {index} is not a text"), MEND))?;
            let parsed =
                Fault::parse_all(text).map_err(|error| self.wrong(format!("item {index}: {error}"), MEND))?;
            faults.extend(parsed);
        }
        Ok(faults)
    }
}

/// A path's part with its percent signs resolved; what is no escape stays as it is.
fn decoded(part: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = part.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let escape = after.get(..2).and_then(|hex| std::str::from_utf8(hex).ok());
        match escape.and_then(|hex| u8::from_str_radix(hex, 16).ok()).filter(|_| first == b'%') {
            Some(byte) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            None => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_with_blanks_fit_into_a_path() {
        assert_eq!(decoded("Outlet%201"), "Outlet 1");
        assert_eq!(decoded("50%"), "50%");
        assert_eq!(decoded("%zz%2"), "%zz%2");
    }
}
