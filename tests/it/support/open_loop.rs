//! Open-loop load: requests leave when they are due, whether or not earlier ones were answered.
//!
//! A closed loop waits for a slow server and so hides how slow it is (coordinated omission). Here each latency counts
//! from when the request was due: what waits for a free connection, waits.

use std::{
    cell::{Cell, RefCell},
    collections::VecDeque,
    io,
    net::SocketAddr,
    rc::Rc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::Semaphore,
    task::LocalSet,
    time::{sleep, timeout},
};

/// After this time the platform hangs up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);
/// How exactly requests are due.
const TICK: Duration = Duration::from_millis(1);

/// A plan of requests: their content and their rate.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Plan {
    pub(crate) server: SocketAddr,
    /// Requests a second; if infinite, as many as are answered (which is a closed loop).
    pub(crate) rate: f64,
    pub(crate) span: Duration,
    /// Most connections, opened as they are needed and then kept.
    pub(crate) connections: usize,
}

/// The result of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sample {
    /// The time at which the request was due, from the beginning.
    #[allow(dead_code, reason = "for measurements; tests look at what happened")]
    pub(crate) due: Duration,
    /// From then to its answer, or to when it was given up.
    #[allow(dead_code, reason = "for measurements; tests look at what happened")]
    pub(crate) latency: Duration,
    /// The answer's status; `None` if there was none.
    pub(crate) status: Option<u16>,
}

/// Carries `plan` out on one thread of its own; `request` writes the request of a number into a buffer.
pub(crate) fn run(plan: Plan, request: impl Fn(u64, &mut Vec<u8>) + 'static) -> Vec<Sample> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let load = Rc::new(Load {
        plan,
        request: Box::new(request),
        began: Instant::now(),
        due: RefCell::default(),
        waiting: Semaphore::new(0),
        idle: Cell::new(0),
        samples: RefCell::default(),
    });
    LocalSet::new().block_on(&runtime, Rc::clone(&load).drive());
    load.samples.take()
}

/// Writes the request of a number into a buffer.
type Request = dyn Fn(u64, &mut Vec<u8>);

struct Load {
    plan: Plan,
    request: Box<Request>,
    began: Instant,
    /// Requests that are due, each with its number, oldest first.
    due: RefCell<VecDeque<(u64, Duration)>>,
    /// As many permits as there are requests due, or more.
    waiting: Semaphore,
    /// Connections that wait for a request.
    idle: Cell<usize>,
    samples: RefCell<Vec<Sample>>,
}

impl Load {
    async fn drive(self: Rc<Self>) {
        let (mut sent, mut open) = (0, 0);
        let mut connections = tokio::task::JoinSet::new();
        while self.began.elapsed() < self.plan.span {
            sent = self.add_due(sent);
            self.give_up();
            let wanted = self.due.borrow().len().saturating_sub(self.idle.get());
            for _ in 0..wanted.min(self.plan.connections - open) {
                connections.spawn_local(Rc::clone(&self).connection());
                open += 1;
            }
            sleep(TICK).await;
        }
        sent = self.add_due(sent);
        while (self.samples.borrow().len() as u64) < sent {
            self.give_up();
            sleep(TICK).await;
        }
        connections.shutdown().await;
    }

    /// Adds what has become due after the first `sent` requests; returns how many there are then.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss,
        reason = "counts far below 2^52"
    )]
    fn add_due(&self, sent: u64) -> u64 {
        let now = self.began.elapsed().min(self.plan.span);
        let mut due = self.due.borrow_mut();
        let before = due.len();
        let until = if self.plan.rate.is_finite() {
            // The first is due at once, and none at the end.
            let all = (self.plan.span.as_secs_f64() * self.plan.rate).ceil() as u64;
            let until = all.min((now.as_secs_f64() * self.plan.rate) as u64 + 1);
            let at = |number| Duration::from_secs_f64(number as f64 / self.plan.rate);
            due.extend((sent..until).map(|number| (number, at(number))));
            until
        } else {
            let until = sent + (10 * self.plan.connections).saturating_sub(before) as u64;
            due.extend((sent..until).map(|number| (number, now)));
            until
        };
        self.waiting.add_permits(due.len() - before);
        until
    }

    /// Hangs up for requests that have waited too long for a connection, without having sent anything.
    fn give_up(&self) {
        let now = self.began.elapsed();
        let mut due = self.due.borrow_mut();
        while let Some((_, at)) =
            due.front().copied().filter(|(_, at)| now.saturating_sub(*at) >= PATIENCE)
        {
            due.pop_front();
            self.samples.borrow_mut().push(Sample { due: at, latency: PATIENCE, status: None });
        }
    }

    /// Sends one request after the other on a connection, and on a new one when that is lost.
    ///
    /// Serves the requests that wait for a connection, the newest first: one that has waited for nearly as long as anybody
    /// waits would be hung up on in the middle of its answer, and a server that answers late would be measured by that.
    async fn connection(self: Rc<Self>) {
        let mut stream = None;
        let (mut request, mut answer) = (Vec::new(), vec![0; 4096]);
        loop {
            self.idle.set(self.idle.get() + 1);
            let permit = self.waiting.acquire().await.expect("never closed");
            permit.forget();
            self.idle.set(self.idle.get() - 1);
            let Some((number, due)) = self.due.borrow_mut().pop_back() else { continue };
            let left = PATIENCE.saturating_sub(self.began.elapsed().saturating_sub(due));
            request.clear();
            (self.request)(number, &mut request);
            let exchange = exchange(&mut stream, self.plan.server, &request, &mut answer);
            let status = timeout(left, exchange).await.ok().and_then(Result::ok);
            if status.is_none() {
                stream = None;
            }
            let latency = self.began.elapsed().saturating_sub(due);
            self.samples.borrow_mut().push(Sample { due, latency, status });
        }
    }
}

async fn connect(server: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(server).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Sends a request and waits for its answer's status; once more if the server has just closed an idle connection.
async fn exchange(
    stream: &mut Option<TcpStream>,
    server: SocketAddr,
    request: &[u8],
    answer: &mut [u8],
) -> io::Result<u16> {
    if let Some(open) = stream
        && let Ok(status) = ask(open, request, answer).await
    {
        return Ok(status);
    }
    ask(stream.insert(connect(server).await?), request, answer).await
}

async fn ask(stream: &mut TcpStream, request: &[u8], answer: &mut [u8]) -> io::Result<u16> {
    stream.write_all(request).await?;
    let mut length = 0;
    loop {
        let read = stream.read(&mut answer[length..]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        length += read;
        let text = std::str::from_utf8(&answer[..length]).unwrap_or_default();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let announced = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        if announced.is_none_or(|announced| announced.parse() == Ok(body.len())) {
            return head[9..12].parse().map_err(io::Error::other);
        }
    }
}

/// As many open files as this process may have: each connection is one. Returns how many that are.
pub(crate) fn open_many_files() -> u64 {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).expect("our own limit");
    maximum.unwrap_or(u64::MAX)
}
