//! A watched socket: it gives up on a peer that does not read, and it closes without a reset.

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

/// Most time and most bytes that the peer may go on sending after this side is closed: enough for a client that looks for
/// an answer only after it has sent a body of some megabytes.
const LINGER: Duration = Duration::from_secs(5);
const LINGER_BYTES: usize = 64 * 1024 * 1024;
/// Most time that the peer may be silent meanwhile.
const LINGER_SILENCE: Duration = Duration::from_secs(1);

/// A socket with the two time limits that `hyper` does not have.
#[derive(Debug)]
pub(super) struct WatchedStream {
    tcp: TcpStream,
    /// Most time that a write may wait for the peer to read.
    write_timeout: Duration,
    /// The timer of the write that waits; `None` if no write waits.
    write_timer: Option<Pin<Box<Sleep>>>,
    /// The limits of the lingering close; `None` until this side is closed.
    lingering: Option<Lingering>,
}

/// A lingering close: this side is closed, and what the peer still sends is discarded.
#[derive(Debug)]
struct Lingering {
    /// The timer of the whole close.
    end: Pin<Box<Sleep>>,
    /// The timer of the peer's silence.
    silence: Pin<Box<Sleep>>,
    /// The number of bytes discarded so far.
    bytes: usize,
}

impl WatchedStream {
    /// A stream over `tcp` whose writes fail when the peer reads nothing for `write_timeout`.
    pub(super) fn new(tcp: TcpStream, write_timeout: Duration) -> Self {
        Self { tcp, write_timeout, write_timer: None, lingering: None }
    }

    /// Passes the result of a write on, unless the write has been pending for too long.
    fn limit_write(
        &mut self,
        written: Poll<io::Result<usize>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if written.is_ready() {
            self.write_timer = None;
            return written;
        }
        let write_timeout = self.write_timeout;
        let timer = self.write_timer.get_or_insert_with(|| Box::pin(sleep(write_timeout)));
        ready!(timer.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Reads and discards until the peer has closed its side, or one of the limits is reached.
    ///
    /// The operating system resets a socket that is closed with unread bytes in it, and the peer may then never see the
    /// answer to a request whose body was refused unread.
    fn poll_linger(&mut self, lingering: &mut Lingering, context: &mut Context<'_>) -> Poll<()> {
        let mut discarded = [0; 16 * 1024];
        while !lingering.is_over(context) {
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

    /// Whether one of the limits is reached; if not, `context` is woken when that changes.
    fn is_over(&mut self, context: &mut Context<'_>) -> bool {
        self.bytes >= LINGER_BYTES
            || self.end.as_mut().poll(context).is_ready()
            || self.silence.as_mut().poll(context).is_ready()
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tcp).poll_read(context, buffer)
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write(context, bytes);
        self.limit_write(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.tcp).poll_write_vectored(context, slices);
        self.limit_write(written, context)
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
