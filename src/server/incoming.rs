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
    time::Sleep,
};
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::ReceiverStream;
use tonic::transport::server::Connected;
use tracing::{debug, warn};

use super::{
    metrics::Metrics,
    security::{Role, Tls},
};

/// How many connections may be agreeing on TLS at once; more wait in the listener's queue. So many that clients who say
/// nothing cannot easily keep others out.
const MAX_HANDSHAKES: usize = 4096;
/// What an HTTP/2 client sends first has so many bytes; HTTP/1.1 requests have more.
const PREFACE_BYTES: usize = 24;
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
    /// Until the client has begun to speak HTTP.
    silence: Option<Silence>,
    /// Whether what is being written has let the other tasks go first.
    gave_way: bool,
}

/// A client that has not begun to speak HTTP yet. hyper waits for that without a limit; a connection that has begun is
/// kept by its probes.
#[derive(Debug)]
struct Silence {
    /// How many bytes have come.
    bytes: usize,
    /// Until when there must be enough.
    until: Pin<Box<Sleep>>,
}

#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Accepts connections until the stream is dropped. Clients may take `patience` to agree on TLS, and again to begin to speak
/// HTTP.
pub(in crate::server) fn connections(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    patience: Duration,
    metrics: Arc<Metrics>,
) -> ReceiverStream<io::Result<Connection>> {
    let (sender, receiver) = mpsc::channel(16);
    tokio::spawn(accept(listener, tls, patience, metrics, sender));
    ReceiverStream::new(receiver)
}

async fn accept(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    patience: Duration,
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
            let connection = Connection::new(Stream::Plain(stream), None, patience, &metrics);
            if sender.send(Ok(connection)).await.is_err() {
                return;
            }
            continue;
        };
        let place = tokio::select! {
            place = Arc::clone(&handshakes).acquire_owned() => place,
            () = sender.closed() => return,
        };
        // Never closed.
        let Ok(place) = place else { return };
        let (metrics, sender) = (Arc::clone(&metrics), sender.clone());
        tokio::spawn(async move {
            match handshake(stream, address, &tls, patience).await {
                Ok((stream, role)) => {
                    drop(place);
                    let connection = Connection::new(Stream::Tls(Box::new(stream)), role, patience, &metrics);
                    // An error means that the server is stopping.
                    let _ = sender.send(Ok(connection)).await;
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
    patience: Duration,
) -> io::Result<(TlsStream<TcpStream>, Option<Role>)> {
    let stream = tokio::time::timeout(patience, tls.acceptor().accept(stream)).await??;
    let role = stream.get_ref().1.peer_certificates().and_then(|chain| tls.role(chain.first()?));
    debug!(%address, ?role, "TLS connection");
    Ok((stream, role))
}

impl Connection {
    fn new(stream: Stream, role: Option<Role>, patience: Duration, metrics: &Arc<Metrics>) -> Self {
        metrics.connected();
        let silence = Silence { bytes: 0, until: Box::pin(tokio::time::sleep(patience)) };
        Self { stream, role, metrics: Arc::clone(metrics), silence: Some(silence), gave_way: false }
    }

    fn read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
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
        let before = buf.filled().len();
        let read = self.read(cx, buf);
        let Some(silence) = &mut self.silence else { return read };
        if read.is_ready() {
            silence.bytes += buf.filled().len() - before;
            if silence.bytes >= PREFACE_BYTES {
                self.silence = None;
            }
        } else if silence.until.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

/// A reply wakes the connection, which tokio then polls before the tasks that have waited longer; so each reply would be a
/// system call of its own, a third of a short call's time. The connection therefore lets all tasks that are ready go first,
/// once for everything up to the next flush, and writes all their replies at once.
impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if !std::mem::replace(&mut self.gave_way, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, buf),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    /// h2 copies longer messages than it would otherwise to where it puts all that is to be written.
    fn is_write_vectored(&self) -> bool {
        false
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.gave_way = false;
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
