//! Connections as they come in, with or without TLS.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
};
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;
use tracing::{debug, warn};

use super::{
    metrics::Metrics,
    security::{Role, Tls},
};

/// How long a client may take to agree on TLS.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// How many connections may be agreeing on TLS at once; more wait in the listener's queue. So many that clients who say
/// nothing cannot easily keep others out.
const MAX_HANDSHAKES: usize = 4096;
/// How long to wait when the system has no room for another connection (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Who is at the other end. Among the extensions of every request.
#[derive(Clone, Debug)]
pub(in crate::server) struct Peer {
    /// What the client's certificate makes of it.
    pub(in crate::server) role: Option<Role>,
}

/// An open connection.
#[derive(Debug)]
pub(in crate::server) struct Connection {
    stream: Stream,
    role: Option<Role>,
    metrics: Arc<Metrics>,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Accepts connections until the stream is dropped.
pub(in crate::server) fn connections(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    metrics: Arc<Metrics>,
) -> ReceiverStream<io::Result<Connection>> {
    let (sender, receiver) = mpsc::channel(16);
    tokio::spawn(accept(listener, tls, metrics, sender));
    ReceiverStream::new(receiver)
}

async fn accept(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    metrics: Arc<Metrics>,
    sender: mpsc::Sender<io::Result<Connection>>,
) {
    let handshakes = Arc::new(Semaphore::new(MAX_HANDSHAKES));
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = sender.closed() => return,
        };
        let (stream, address) = match accepted.and_then(|(s, a)| s.set_nodelay(true).map(|()| (s, a))) {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "a connection could not be accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(tls) = tls.clone() else {
            if sender.send(Ok(Connection::new(Stream::Plain(stream), None, &metrics))).await.is_err() {
                return;
            }
            continue;
        };
        // Never closed.
        let Ok(place) = Arc::clone(&handshakes).acquire_owned().await else { return };
        let (metrics, sender) = (Arc::clone(&metrics), sender.clone());
        tokio::spawn(async move {
            match handshake(stream, address, &tls).await {
                Ok((stream, role)) => {
                    drop(place);
                    // An error means that the server is stopping.
                    let _ =
                        sender.send(Ok(Connection::new(Stream::Tls(Box::new(stream)), role, &metrics))).await;
                }
                Err(error) => {
                    metrics.handshake_failed();
                    debug!(%address, %error, "no TLS connection");
                }
            }
        });
    }
}

async fn handshake(
    stream: TcpStream,
    address: SocketAddr,
    tls: &Tls,
) -> io::Result<(TlsStream<TcpStream>, Option<Role>)> {
    let stream = tokio::time::timeout(HANDSHAKE_TIMEOUT, tls.acceptor().accept(stream)).await??;
    let role = stream.get_ref().1.peer_certificates().and_then(|chain| tls.role(chain.first()?));
    debug!(%address, ?role, "TLS connection");
    Ok((stream, role))
}

impl Connection {
    fn new(stream: Stream, role: Option<Role>, metrics: &Arc<Metrics>) -> Self {
        metrics.connected();
        Self { stream, role, metrics: Arc::clone(metrics) }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.metrics.disconnected();
    }
}

impl Connected for Connection {
    type ConnectInfo = Peer;

    fn connect_info(&self) -> Peer {
        Peer { role: self.role }
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Stream::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            Stream::Plain(stream) => stream.is_write_vectored(),
            Stream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
