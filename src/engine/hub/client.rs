//! The hub's two questions, over HTTP: what is in a model, and the bytes of a file from here on.

use super::{Hub, HubError};
use std::io::Read;
use std::sync::atomic::Ordering;
use std::time::Duration;
use ureq::config::RedirectAuthHeaders;
use ureq::http::{Response, StatusCode};
use ureq::{Agent, Body};

/// The longest list of files that we read.
const LONGEST_ANSWER: u64 = 32 << 20;
const CONNECT: Duration = Duration::from_secs(15);
/// A connection that is silent for so long counts as cut.
const SILENCE: Duration = Duration::from_secs(20);

/// A connection's maker, for one hub.
pub(super) struct Client {
    agent: Agent,
    endpoint: String,
    token: Option<String>,
}

/// The rest of a file.
pub(super) struct Rest {
    /// Where it begins: not where it was asked to, if the hub starts over
    pub(super) from: u64,
    pub(super) body: Box<dyn Read>,
}

impl Client {
    /// Refuses where connections are forbidden: there is no other way to one.
    pub(super) fn new(hub: &Hub) -> Result<Self, HubError> {
        if hub.offline || super::FORBIDDEN.load(Ordering::Relaxed) {
            return Err(HubError::Offline);
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT))
            .timeout_recv_response(Some(SILENCE))
            .timeout_per_read(Some(SILENCE))
            .max_redirects(8)
            // Files lie on other hosts, which the token is no business of
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .user_agent(concat!("mnemoscope/", env!("CARGO_PKG_VERSION")));
        // In the clear, a token goes no further than this machine
        let host = hub.endpoint.trim_start_matches("http://");
        let here = ["localhost", "127.0.0.1", "[::1]"].iter().any(|here| host.starts_with(here));
        let token = hub.token.clone().filter(|_| hub.endpoint.starts_with("https://") || here);
        Ok(Self { agent: config.build().new_agent(), endpoint: hub.endpoint.clone(), token })
    }

    fn get(&self, url: &str, from: u64) -> Result<Response<Body>, HubError> {
        let mut request = self.agent.get(url);
        if let Some(token) = &self.token {
            request = request.header("Authorization", format!("Bearer {token}"));
        }
        if from > 0 {
            request = request.header("Range", format!("bytes={from}-"));
        }
        request
            .call()
            .map_err(|error| HubError::Connection { url: url.to_owned(), reason: error.to_string() })
    }

    /// What the hub says of a model.
    pub(super) fn model<T: serde::de::DeserializeOwned>(&self, name: &str) -> Result<T, HubError> {
        let url = format!("{}/api/models/{name}?blobs=true", self.endpoint);
        let mut answer = self.get(&url, 0)?;
        match answer.status() {
            StatusCode::OK => {}
            // The hub hides private models behind 401, and calls unknown ones so, too
            StatusCode::UNAUTHORIZED if self.token.is_none() => {
                return Err(HubError::NotFound(name.to_owned()));
            }
            status => return Err(refusal(status, name, &url)),
        }
        let text = answer.body_mut().with_config().limit(LONGEST_ANSWER).read_to_string();
        let text =
            text.map_err(|error| HubError::Connection { url: url.clone(), reason: error.to_string() })?;
        serde_json::from_str(&text).map_err(|error| HubError::Answer { url, reason: error.to_string() })
    }

    /// Where a file is.
    pub(super) fn file(&self, name: &str, revision: &str, file: &str) -> String {
        let file: String = file.bytes().map(spelled).collect();
        format!("{}/{name}/resolve/{revision}/{file}", self.endpoint)
    }

    /// The bytes of a file from `from` on; `None` where the hub says that there are none.
    pub(super) fn rest(&self, name: &str, url: &str, from: u64) -> Result<Option<Rest>, HubError> {
        let answer = self.get(url, from)?;
        let from = match answer.status() {
            StatusCode::OK => 0,
            StatusCode::PARTIAL_CONTENT => begins(&answer).unwrap_or(from),
            StatusCode::RANGE_NOT_SATISFIABLE => return Ok(None),
            status => return Err(refusal(status, name, url)),
        };
        Ok(Some(Rest { from, body: Box::new(answer.into_body().into_reader()) }))
    }
}

/// `Content-Range: bytes 100-199/200` begins at 100.
fn begins(answer: &Response<Body>) -> Option<u64> {
    let range = answer.headers().get("Content-Range")?.to_str().ok()?;
    range.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

/// A byte of a file's name in an address.
fn spelled(byte: u8) -> String {
    match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}

fn refusal(status: StatusCode, name: &str, url: &str) -> HubError {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => HubError::Gated(name.to_owned()),
        StatusCode::NOT_FOUND => HubError::NotFound(name.to_owned()),
        status => HubError::Status { status: status.as_u16(), url: url.to_owned() },
    }
}
