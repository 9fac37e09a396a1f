//! Calls from browsers: gRPC-Web, and from which pages it may come.

use std::{fmt, str::FromStr, time::Duration};

use http::{HeaderName, HeaderValue, Method, Uri, header};
use tower::{
    layer::util::Identity,
    util::{Either, option_layer},
};
use tower_http::cors::{AllowOrigin, CorsLayer};

/// How long a browser need not ask again.
const MAX_AGE: Duration = Duration::from_secs(600);

/// Where pages come from that may call the server from a browser: `https://news.example`, with a port where it is not the
/// usual one; or `*`, any page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebOrigin(HeaderValue);

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Made of text.
        f.write_str(self.0.to_str().unwrap_or_default())
    }
}

/// Not an origin.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no origin such as https://news.example or http://localhost:8080, nor *")]
pub struct InvalidOrigin(String);

impl FromStr for WebOrigin {
    type Err = InvalidOrigin;

    fn from_str(text: &str) -> Result<Self, InvalidOrigin> {
        let invalid = || InvalidOrigin(text.to_owned());
        if text != "*" {
            let uri: Uri = text.parse().map_err(|_| invalid())?;
            let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
                return Err(invalid());
            };
            // Browsers send exactly this; a path or a user's name would never match.
            if !matches!(scheme, "http" | "https")
                || format!("{scheme}://{authority}") != text
                || text.contains('@')
            {
                return Err(invalid());
            }
        }
        HeaderValue::from_str(text).map(Self).map_err(|_| invalid())
    }
}

/// The layer of [`cors`].
pub(super) type Cors = Either<CorsLayer, Identity>;

/// Answers browsers that ask whether a page from one of `origins` may call. Without origins it is not there at all, and
/// browsers keep every page of another origin out. Cookies are never let through: there are none.
///
/// It must stand outside of whatever asks for tokens, since browsers ask without one.
pub(super) fn cors(origins: &[WebOrigin]) -> Cors {
    let names =
        |names: &[&'static str]| names.iter().copied().map(HeaderName::from_static).collect::<Vec<_>>();
    let layer = (!origins.is_empty()).then(|| {
        let allowed = match origins.iter().any(|origin| origin.0 == "*") {
            true => AllowOrigin::any(),
            false => AllowOrigin::list(origins.iter().map(|origin| origin.0.clone())),
        };
        let asked = names(&["grpc-timeout", "x-grpc-web", "x-user-agent", "x-request-id", "traceparent"]);
        CorsLayer::new()
            .allow_origin(allowed)
            .allow_methods([Method::POST])
            .allow_headers([vec![header::CONTENT_TYPE, header::AUTHORIZATION], asked].concat())
            .expose_headers(names(&[
                "grpc-status",
                "grpc-message",
                "grpc-status-details-bin",
                "x-request-id",
            ]))
            .max_age(MAX_AGE)
    });
    option_layer(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_what_a_browser_sends() {
        for good in ["*", "https://news.example", "http://localhost:8080", "http://[::1]:3000"] {
            assert!(good.parse::<WebOrigin>().is_ok(), "{good}");
        }
        for bad in
            ["", "news.example", "https://news.example/", "https://a.b/c", "ftp://a.b", "https://u@a.b", "**"]
        {
            assert!(bad.parse::<WebOrigin>().is_err(), "{bad}");
        }
    }
}
