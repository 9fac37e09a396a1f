//! Connections as they come in, with or without TLS.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
    task::JoinHandle,
    time::Sleep,
};
use tokio_rustls::server::TlsStream;
use tracing::{debug, warn};

use super::{
    metrics::Metrics,
    security::{Role, Tls},
};

/// What an HTTP/2 client sends first has so many bytes; HTTP/1.1 requests have more.
const PREFACE_BYTES: usize = 24;
/// How long to wait when the system has no room for another connection (no file descriptors left).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Refusals and failures to accept are logged no more often: a flood of connections is none of log lines.
const LOG_PAUSE: Duration = Duration::from_secs(10);

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
    /// Free for another one when this one is gone.
    _place: OwnedSemaphorePermit,
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

/// Connections as they come in.
#[derive(Debug)]
pub(in crate::server) struct Accepted {
    /// Closing or dropping it ends the accepting.
    pub(in crate::server) connections: mpsc::Receiver<Connection>,
    /// Ends when the listener is closed.
    pub(in crate::server) accepting: JoinHandle<()>,
}

/// Accepts connections until nobody takes them any more. No more than `most` are open at once, those that are agreeing on TLS
/// included: more are closed as soon as they are accepted, so that their clients go elsewhere instead of waiting in the
/// listener's queue for an answer. Clients may take `patience` to agree on TLS, and again to begin to speak HTTP.
pub(in crate::server) fn connections(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    most: usize,
    patience: Duration,
    metrics: Arc<Metrics>,
) -> Accepted {
    let (sender, connections) = mpsc::channel(16);
    let places = Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS)));
    let accepting =
        tokio::spawn(accept(listener, Accepting { tls, most, places, patience, metrics, sender }));
    Accepted { connections, accepting }
}

/// What accepted connections need.
struct Accepting {
    tls: Option<Arc<Tls>>,
    most: usize,
    places: Arc<Semaphore>,
    patience: Duration,
    metrics: Arc<Metrics>,
    sender: mpsc::Sender<Connection>,
}

async fn accept(listener: TcpListener, accepting: Accepting) {
    let (mut refusals, mut failures) = (Rarely::default(), Rarely::default());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = accepting.sender.closed() => return,
        };
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                if failures.now() {
                    warn!(%error, "a connection could not be accepted");
                }
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(place) = Arc::clone(&accepting.places).try_acquire_owned() else {
            accepting.metrics.connection_refused();
            if refusals.now() {
                warn!(limit = accepting.most, "connections are refused: as many as max_connections are open");
            }
            continue;
        };
        // Only a connection that has ended already cannot be told to.
        if stream.set_nodelay(true).is_ok() && !accepting.take(stream, address, place).await {
            return;
        }
    }
}

impl Accepting {
    /// False when the server is stopping.
    async fn take(&self, stream: TcpStream, address: SocketAddr, place: OwnedSemaphorePermit) -> bool {
        let patience = self.patience;
        let (metrics, sender) = (Arc::clone(&self.metrics), self.sender.clone());
        let Some(tls) = self.tls.clone() else {
            let connection = Connection::new(Stream::Plain(stream), None, place, patience, &metrics);
            return sender.send(connection).await.is_ok();
        };
        tokio::spawn(async move {
            match handshake(stream, address, &tls, patience).await {
                Ok((stream, role)) => {
                    let stream = Stream::Tls(Box::new(stream));
                    let connection = Connection::new(stream, role, place, patience, &metrics);
                    // An error means that the server is stopping.
                    let _ = sender.send(connection).await;
                }
                Err(error) => {
                    metrics.handshake_failed();
                    debug!(%address, %error, "no TLS connection");
                }
            }
        });
        true
    }
}

/// Says when something may be logged again.
#[derive(Debug, Default)]
struct Rarely(Option<Instant>);

impl Rarely {
    fn now(&mut self) -> bool {
        let now = self.0.is_none_or(|last| last.elapsed() >= LOG_PAUSE);
        if now {
            self.0 = Some(Instant::now());
        }
        now
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
    fn new(
        stream: Stream,
        role: Option<Role>,
        place: OwnedSemaphorePermit,
        patience: Duration,
        metrics: &Arc<Metrics>,
    ) -> Self {
        metrics.connected();
        let silence = Silence { bytes: 0, until: Box::pin(tokio::time::sleep(patience)) };
        let metrics = Arc::clone(metrics);
        Self { stream, role, metrics, _place: place, silence: Some(silence), gave_way: false }
    }

    /// Who is at the other end.
    pub(in crate::server) fn peer(&self) -> Peer {
        Peer { role: self.role }
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
