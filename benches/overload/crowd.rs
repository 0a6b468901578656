//! Useless connections: some idle, some sending a byte now and then, each opened again once it is closed.

use std::{
    io::{self, Write},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::{JoinSet, LocalSet},
    time::sleep,
};

use crate::Address;

const PAUSE: Duration = Duration::from_millis(500);

/// The crowd of connections, on a thread of its own. Dropping it closes them.
pub(crate) struct Crowd {
    there: Arc<Counts>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Counts {
    open: AtomicUsize,
    most: AtomicUsize,
    closed: AtomicUsize,
    leave: AtomicBool,
}

impl Crowd {
    /// Starts the thread, which connects.
    pub(crate) fn start(server: Address, idle: usize, slow: usize) -> Self {
        let there = Arc::new(Counts::default());
        let counts = Arc::clone(&there);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            LocalSet::new().block_on(&runtime.expect("a runtime"), async {
                let mut all = JoinSet::new();
                for number in 0..idle + slow {
                    all.spawn_local(keep_connected(server, Arc::clone(&counts), number < slow));
                }
                while !counts.leave.load(Ordering::Relaxed) {
                    sleep(PAUSE).await;
                }
            });
        });
        Self { there, thread: Some(thread) }
    }

    pub(crate) fn report(&self) -> String {
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        let Counts { open, most, closed, .. } = &*self.there;
        format!(
            "The crowd: {} connections open now, {} at most, {} closed by the server.",
            count(open),
            count(most),
            count(closed)
        )
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.there.leave.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the crowd leaves");
        }
        _ = io::stdout().flush();
    }
}

/// Keeps one connection open for as long as the server lets it, again and again.
async fn keep_connected(server: Address, counts: Arc<Counts>, is_slow: bool) {
    loop {
        if let Ok(stream) = TcpStream::connect(server).await {
            let open = counts.open.fetch_add(1, Ordering::Relaxed) + 1;
            counts.most.fetch_max(open, Ordering::Relaxed);
            _ = wait_for_close(stream, is_slow).await;
            counts.open.fetch_sub(1, Ordering::Relaxed);
            counts.closed.fetch_add(1, Ordering::Relaxed);
        }
        sleep(PAUSE).await;
    }
}

/// Waits until the server has closed the connection.
async fn wait_for_close(mut stream: TcpStream, is_slow: bool) -> io::Result<()> {
    let mut answer = [0; 512];
    if !is_slow {
        while stream.read(&mut answer).await? > 0 {}
        return Ok(());
    }
    for byte in b"POST /callback?rc-nonce=1 HTTP/1.1\r\nhost: slow\r\nx-filler: "
        .iter()
        .chain([b'x'].iter().cycle())
    {
        stream.write_all(&[*byte]).await?;
        sleep(PAUSE).await;
    }
    Ok(())
}
