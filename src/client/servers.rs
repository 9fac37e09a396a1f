//! Several servers that answer alike.

use std::{
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
    time::{Duration, Instant},
};

use tonic::{Code, Status};

use super::{Client, ConnectError, ConnectOptions, RetryPolicy};

/// Servers with the same models, or one alone: calls go to each in turn, and again to the next when they are refused.
///
/// Connections are made when they are first needed, and again when they were lost.
#[derive(Debug)]
pub struct Servers {
    clients: Vec<Client>,
    /// Whose turn it is, counted without end.
    turn: AtomicUsize,
}

impl Servers {
    /// The servers at `urls`, such as `http://127.0.0.1:50051`.
    ///
    /// # Errors
    /// When there is none, one is no URL, or a file cannot be used.
    pub fn new<U: AsRef<str>>(
        urls: impl IntoIterator<Item = U>,
        options: &ConnectOptions,
    ) -> Result<Self, ConnectError> {
        let clients = urls.into_iter().map(|url| Client::connect_when_called(url.as_ref(), options));
        let clients = clients.collect::<Result<Vec<_>, _>>()?;
        if clients.is_empty() {
            return Err(ConnectError::Url(String::new()));
        }
        Ok(Self { clients, turn: AtomicUsize::new(0) })
    }

    /// Calls as `policy` says: after UNAVAILABLE the other servers at once and then, as after RESOURCE_EXHAUSTED, after a
    /// wait. `call` gets a client whose calls end at the deadline.
    ///
    /// # Errors
    /// The status of the last attempt.
    pub async fn call<T>(
        &self,
        policy: &RetryPolicy,
        call: impl AsyncFn(Client) -> Result<T, Status>,
    ) -> Result<T, Status> {
        let start = Instant::now();
        let left = || policy.deadline.saturating_sub(start.elapsed());
        let mut attempt = 0;
        loop {
            let status = match call(self.next().with_timeout(left())).await {
                Ok(answer) => return Ok(answer),
                Err(status) => status,
            };
            let Some(mut wait) = policy.wait(attempt, &status) else { return Err(status) };
            attempt += 1;
            // What one server says about itself says nothing about the others.
            if status.code() == Code::Unavailable && (attempt as usize) < self.clients.len() {
                wait = Duration::ZERO;
            }
            if wait >= left() {
                // It says more than DEADLINE_EXCEEDED would.
                return Err(status);
            }
            tokio::time::sleep(wait).await;
        }
    }

    fn next(&self) -> Client {
        self.clients[self.turn.fetch_add(1, Relaxed) % self.clients.len()].clone()
    }
}
