//! A stand-in of the platform's API, the cheapest possible: one answer to every request.

use std::{
    net::SocketAddr,
    sync::{
        atomic::{AtomicU64, Ordering},
        mpsc::Sender,
    },
    time::Instant,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
};

use crate::http::is_whole;

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{\"errcode\":0}";

/// The number of requests that the stand-ins of this process have had.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// How many requests the stand-ins of this process have had.
pub(crate) fn requests() -> u64 {
    REQUESTS.load(Ordering::Relaxed)
}

/// Listens on loopback, on a thread of its own, and says to `arrivals` when each request was there. Returns the address.
pub(crate) fn start(arrivals: Option<Sender<Instant>>) -> SocketAddr {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        runtime.block_on(async {
            let mut connections = JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.expect("a connection");
                connections.spawn(connection(stream, arrivals.clone()));
            }
        })
    });
    address
}

async fn connection(mut stream: TcpStream, arrivals: Option<Sender<Instant>>) {
    stream.set_nodelay(true).expect("a TCP socket");
    let (mut request, mut length) = (vec![0; 1 << 16], 0);
    loop {
        // A connection that the server gives up is no failure of the stand-in's.
        let Ok(read @ 1..) = stream.read(&mut request[length..]).await else { return };
        length += read;
        if is_whole(&request[..length]) {
            REQUESTS.fetch_add(1, Ordering::Relaxed);
            if let Some(arrivals) = &arrivals {
                let _ = arrivals.send(Instant::now());
            }
            if stream.write_all(ANSWER).await.is_err() {
                return;
            }
            length = 0;
        }
    }
}
