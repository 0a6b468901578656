//! A connection's socket that gives up on a peer that does not read, and that closes without a reset.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep},
};

/// How long and for how many bytes the peer may go on sending what nobody reads: enough for a client that looks for an
/// answer only after it has sent a body of some megabytes.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_BYTES: usize = 64 * 1024 * 1024;
/// How long the peer may be silent meanwhile.
const LINGER_SILENCE: Duration = Duration::from_secs(1);

/// A socket with the two time limits that `hyper` does not have.
#[derive(Debug)]
pub(super) struct Stream {
    tcp: TcpStream,
    /// How long a write may wait for the peer to read.
    patience: Duration,
    /// Runs while a write waits.
    stalled: Option<Pin<Box<Sleep>>>,
    /// Runs once our side is closed.
    lingering: Option<Lingering>,
}

/// The bounds of what the peer may go on sending.
#[derive(Debug)]
struct Lingering {
    end: Pin<Box<Sleep>>,
    silence: Pin<Box<Sleep>>,
    bytes: usize,
}

impl Stream {
    /// Writes to `tcp` fail when the peer reads nothing for `patience`.
    pub(super) fn new(tcp: TcpStream, patience: Duration) -> Self {
        Self { tcp, patience, stalled: None, lingering: None }
    }

    /// Passes the result of a write on, unless it has been pending for too long.
    fn watched(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.stalled = None;
            return written;
        }
        let patience = self.patience;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stalled.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Reads and discards until the peer has closed its side, or has had its chance to.
    ///
    /// A socket that is closed with unread bytes in it is reset, and the peer may then never see the answer to
    /// a request whose body was refused unread.
    fn poll_linger(&mut self, lingering: &mut Lingering, context: &mut Context<'_>) -> Poll<()> {
        let mut discarded = [0; 16 * 1024];
        while lingering.poll_over(context).is_pending() {
            let mut buffer = ReadBuf::new(&mut discarded);
            let read = ready!(Pin::new(&mut self.tcp).poll_read(context, &mut buffer));
            if read.is_err() || buffer.filled().is_empty() {
                break;
            }
            lingering.bytes += buffer.filled().len();
            lingering.silence.as_mut().reset(Instant::now() + LINGER_SILENCE);
        }
        Poll::Ready(())
    }
}

impl Lingering {
    fn new() -> Self {
        Self { end: Box::pin(sleep(LINGER)), silence: Box::pin(sleep(LINGER_SILENCE)), bytes: 0 }
    }

    /// Whether any of the bounds is reached.
    fn poll_over(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let is_over = self.bytes >= LINGER_BYTES
            || self.end.as_mut().poll(context).is_ready()
            || self.silence.as_mut().poll(context).is_ready();
        if is_over { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.watched(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, slices);
        self.watched(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.tcp.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut lingering = if let Some(lingering) = self.lingering.take() {
            lingering
        } else {
            ready!(Pin::new(&mut self.tcp).poll_shutdown(context))?;
            Lingering::new()
        };
        let lingered = self.poll_linger(&mut lingering, context);
        self.lingering = Some(lingering);
        lingered.map(Ok)
    }
}
