//! Answers: always JSON; an error says what, where, and how to mend it.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{ALLOW, CONTENT_TYPE};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

/// What goes back.
pub(super) type Answer = Response<Full<Bytes>>;

/// A request that can't be served.
#[derive(Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    /// What is wrong.
    pub(super) what: String,
    /// The path, or the part of the body.
    pub(super) place: String,
    /// How to mend it.
    pub(super) mend: String,
    /// The methods that the path knows, where the method is what's wrong.
    pub(super) allow: Option<&'static str>,
}

impl Refusal {
    pub(super) fn new(
        status: StatusCode,
        what: impl Into<String>,
        place: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self { status, what: what.into(), place: place.into(), mend: mend.into(), allow: None }
    }
}

pub(super) fn of(result: Result<Value, Refusal>) -> Answer {
    match result {
        Ok(value) => response(StatusCode::OK, &value),
        Err(refusal) => {
            let error =
                json!({"error": {"what": refusal.what, "where": refusal.place, "mend": refusal.mend}});
            let mut response = response(refusal.status, &error);
            if let Some(allow) = refusal.allow {
                response.headers_mut().insert(ALLOW, hyper::header::HeaderValue::from_static(allow));
            }
            response
        }
    }
}

fn response(status: StatusCode, value: &Value) -> Answer {
    let mut response = Response::new(Full::new(Bytes::from(format!("{value}\n"))));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static("application/json"));
    response
}
