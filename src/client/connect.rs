//! From a URL to a connection, with TLS and a token where there are such.

use std::{fmt, fs, io, path::PathBuf, time::Duration};

use tonic::{
    Request, Status,
    metadata::{Ascii, MetadataValue},
    service::{Interceptor, interceptor::InterceptedService},
    transport::{Certificate, ClientTlsConfig, Endpoint, Identity},
};

use super::transport::Transport;

/// How long to wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A connection that says who calls.
pub type Connection = InterceptedService<Transport, Bearer>;

/// How to connect.
#[derive(Clone, Debug, Default)]
pub struct ConnectOptions {
    /// Trust certificates of these authorities, PEM. None: those that the system trusts.
    pub tls_ca: Option<PathBuf>,
    /// Our certificate chain and key, PEM, where the server asks who calls.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// A file with a bearer token, and nothing else.
    pub token_file: Option<PathBuf>,
}

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// Not a URL.
    #[error("{0:?} is not a URL such as http://127.0.0.1:50051")]
    Url(String),
    /// A certificate, a key or a token cannot be read.
    #[error("{}: {}", .0.display(), .1)]
    Read(PathBuf, io::Error),
    /// The file holds no token.
    #[error("{}: is not a token of visible ASCII characters", .0.display())]
    Token(PathBuf),
    /// Nobody answers there.
    #[error("no server at {0}: {1}")]
    Unavailable(String, String),
}

/// Puts the token into every call.
#[derive(Clone, Default)]
pub struct Bearer(Option<MetadataValue<Ascii>>);

impl fmt::Debug for Bearer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Bearer(secret)" } else { "Bearer(none)" })
    }
}

impl Interceptor for Bearer {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        if let Some(token) = &self.0 {
            request.metadata_mut().insert("authorization", token.clone());
        }
        Ok(request)
    }
}

/// Connects to `url`; calls wait for their answers for at most `call_timeout`.
///
/// # Errors
/// When it is no URL, a file cannot be used, or nobody answers there within 5 seconds.
pub async fn connect(
    url: &str,
    options: &ConnectOptions,
    call_timeout: Duration,
) -> Result<Connection, ConnectError> {
    let (endpoint, bearer) = endpoint(url, options, call_timeout)?;
    let connected = endpoint.connect_timeout(CONNECT_TIMEOUT).connect().await;
    let channel = connected.map_err(|e| ConnectError::Unavailable(url.to_owned(), innermost(&e)))?;
    Ok(InterceptedService::new(Transport(channel), bearer))
}

/// Connects to `url` when first called; calls that find nobody there within `connect_timeout` are UNAVAILABLE.
///
/// # Errors
/// When it is no URL or a file cannot be used.
pub(super) fn connect_when_called(
    url: &str,
    options: &ConnectOptions,
    call_timeout: Duration,
    connect_timeout: Duration,
) -> Result<Connection, ConnectError> {
    let (endpoint, bearer) = endpoint(url, options, call_timeout)?;
    let channel = endpoint.connect_timeout(connect_timeout).connect_lazy();
    Ok(InterceptedService::new(Transport(channel), bearer))
}

fn endpoint(
    url: &str,
    options: &ConnectOptions,
    call_timeout: Duration,
) -> Result<(Endpoint, Bearer), ConnectError> {
    let endpoint = Endpoint::from_shared(url.to_owned()).map_err(|_| ConnectError::Url(url.to_owned()))?;
    if endpoint.uri().scheme().is_none() || endpoint.uri().host().is_none() {
        return Err(ConnectError::Url(url.to_owned()));
    }
    let mut endpoint = endpoint.timeout(call_timeout).tcp_nodelay(true);
    if endpoint.uri().scheme_str() == Some("https") {
        let unusable = |e: tonic::transport::Error| ConnectError::Unavailable(url.to_owned(), innermost(&e));
        endpoint = endpoint.tls_config(tls(options)?).map_err(unusable)?;
    }
    Ok((endpoint, Bearer(options.token_file.as_ref().map(token).transpose()?)))
}

fn tls(options: &ConnectOptions) -> Result<ClientTlsConfig, ConnectError> {
    let tls = match &options.tls_ca {
        Some(path) => ClientTlsConfig::new().ca_certificate(Certificate::from_pem(read(path)?)),
        None => ClientTlsConfig::new().with_native_roots(),
    };
    Ok(match &options.identity {
        Some((cert, key)) => tls.identity(Identity::from_pem(read(cert)?, read(key)?)),
        None => tls,
    })
}

fn read(path: &PathBuf) -> Result<Vec<u8>, ConnectError> {
    fs::read(path).map_err(|e| ConnectError::Read(path.clone(), e))
}

fn token(path: &PathBuf) -> Result<MetadataValue<Ascii>, ConnectError> {
    let bytes = read(path)?;
    let wrong = || ConnectError::Token(path.clone());
    let text = std::str::from_utf8(&bytes).map_err(|_| wrong())?.trim();
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(wrong());
    }
    let mut value: MetadataValue<Ascii> = format!("Bearer {text}").parse().map_err(|_| wrong())?;
    value.set_sensitive(true);
    Ok(value)
}

/// The message of the first cause: tonic's own says only "transport error".
fn innermost(error: &dyn std::error::Error) -> String {
    let mut error = error;
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}
