//! The threads that read the file beside the writer thread.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc},
    thread::{Builder, JoinHandle},
    time::Duration,
};

use rusqlite::{Connection, Result};
use tokio::sync::oneshot;

use super::{
    connection::connect_reader,
    error::unavailable_error,
    operations::blocking,
    place::{Files, files},
};
use crate::{
    journal::{JournalError, Pending, error::closed_error},
    lock::lock,
};

/// How many reads are done at once: each takes a core from the callbacks.
const THREADS: usize = 2;
/// By how much the operating system puts a reader behind the rest of the server, of 19 at most.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;
/// How long a connection stays open that nobody uses.
const IDLE: Duration = Duration::from_secs(1);

/// The work that a thread does with its reader.
type Work = Box<dyn FnOnce(&Reader) + Send>;

/// The threads that read a file, which are waited for when this is dropped.
#[derive(Debug)]
pub(super) struct Readers {
    /// The connections of the threads, which whoever opens a failed store again can close.
    pub(super) connections: Arc<ReadConnections>,
    /// The way to the threads, which end once it is gone.
    sender: Mutex<Option<mpsc::Sender<Work>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

impl Readers {
    /// Starts the threads for the file at `path`, which need not be there yet.
    pub(super) fn start(path: &Path) -> Result<Self, JournalError> {
        let (sender, receiver) = mpsc::channel();
        let (receiver, connections) = (Arc::new(Mutex::new(receiver)), Arc::default());
        let start = |_| {
            let reader = Reader { path: path.to_owned(), connections: Arc::clone(&connections) };
            let receiver = Arc::clone(&receiver);
            Builder::new().name("journal-reader".to_owned()).spawn(move || reader.run(&receiver))
        };
        let threads = (0..THREADS).map(start).collect::<std::io::Result<_>>();
        let threads = threads.map_err(|error| JournalError::Unavailable(error.to_string().into()))?;
        let (sender, threads) = (Mutex::new(Some(sender)), Mutex::new(threads));
        Ok(Self { connections, sender, threads })
    }

    /// Reads one state of the file.
    pub(super) fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Pending<'static, T> {
        let threads = lock(&self.sender).clone();
        Box::pin(async move {
            let (sender, answer) = oneshot::channel();
            let work: Work = Box::new(move |reader| drop(sender.send(reader.read(work))));
            threads.and_then(|threads| threads.send(work).ok()).ok_or_else(closed_error)?;
            answer.await.map_err(|_| closed_error())?
        })
    }

    /// Ends the threads, and with them their connections: whoever closes the last one that may write cleans up behind it.
    pub(super) fn close(&self) -> Pending<'static, ()> {
        let (sender, threads) = (lock(&self.sender).take(), std::mem::take(&mut *lock(&self.threads)));
        let connections = Arc::clone(&self.connections);
        drop(sender);
        blocking(move || {
            join(threads);
            connections.close();
            Ok(())
        })
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        drop(lock(&self.sender).take());
        join(std::mem::take(&mut *lock(&self.threads)));
    }
}

fn join(threads: Vec<JoinHandle<()>>) {
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a thread that reads the journal panicked");
        }
    }
}

/// One thread that reads.
#[derive(Debug)]
struct Reader {
    path: PathBuf,
    connections: Arc<ReadConnections>,
}

impl Reader {
    /// Does what is asked for until nobody can ask any more.
    fn run(&self, receiver: &Mutex<mpsc::Receiver<Work>>) {
        lower_priority();
        loop {
            let received = lock(receiver).recv_timeout(IDLE);
            match received {
                Ok(work) => work(self),
                Err(mpsc::RecvTimeoutError::Timeout) => self.connections.close(),
                Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T, JournalError> {
        let read = catch_unwind(AssertUnwindSafe(|| self.read_snapshot(work)));
        let panicked = || JournalError::Unavailable("a read of the journal panicked".into());
        read.map_err(|_| panicked())?.map_err(unavailable_error)
    }

    /// Does `work` on a state of the file. A connection that fails is not used again.
    fn read_snapshot<T>(&self, work: impl FnOnce(&Connection) -> Result<T>) -> Result<T> {
        let (open, epoch) = self.connections.take();
        // A connection to files that were moved or deleted would read what they were.
        let open = open.filter(|open| open.files == files(&self.path));
        let mut open = open.map_or_else(|| Open::new(&self.path), Ok)?;
        let snapshot = open.connection.transaction()?;
        let done = work(&snapshot)?;
        drop(snapshot);
        self.connections.put_back(open, epoch);
        Ok(done)
    }
}

/// The open connections that no thread uses.
///
/// All connections of a process to a file share SQLite's index of the WAL. Before a failed store is opened again, they must
/// be closed: the index may be that of a WAL which is gone.
#[derive(Debug, Default)]
pub(super) struct ReadConnections(Mutex<Unused>);

#[derive(Debug, Default)]
struct Unused {
    open: Vec<Open>,
    /// The number of times that they were closed: a connection from before is not kept.
    epoch: u64,
}

/// An open connection, and the files that it has opened.
#[derive(Debug)]
struct Open {
    connection: Connection,
    files: Files,
}

impl ReadConnections {
    /// Closes the connections, and each of those in use once its thread is done with it.
    pub(super) fn close(&self) {
        let mut unused = lock(&self.0);
        unused.epoch += 1;
        unused.open.clear();
    }

    fn take(&self) -> (Option<Open>, u64) {
        let mut unused = lock(&self.0);
        (unused.open.pop(), unused.epoch)
    }

    fn put_back(&self, open: Open, epoch: u64) {
        let mut unused = lock(&self.0);
        if unused.epoch == epoch {
            unused.open.push(open);
        }
    }
}

impl Open {
    fn new(path: &Path) -> Result<Self> {
        let connection = connect_reader(path)?;
        // With the first look at a table the WAL is opened.
        connection.query_row("select count(*) from tally", [], |_| Ok(()))?;
        Ok(Self { connection, files: files(path) })
    }
}

/// Lowers the priority of this thread. Elsewhere than on Linux it would be that of the whole process.
fn lower_priority() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICE) {
        tracing::debug!(%error, "a thread that reads the journal has the priority of the callbacks");
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn database(path: &Path, value: i64) {
        let connection = Connection::open(path).unwrap();
        let tables = "pragma journal_mode = wal; create table tally (value integer not null);";
        connection.execute_batch(tables).unwrap();
        connection.execute("insert into tally values (?1)", [value]).unwrap();
    }

    fn value(connection: &Connection) -> Result<i64> {
        connection.query_row("select value from tally", [], |row| row.get(0))
    }

    #[tokio::test]
    async fn a_read_that_fails_or_panics_is_an_error_and_the_next_one_works() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let readers = Readers::start(&path).unwrap();
        let missing = readers.read(value).await.unwrap_err();
        assert!(missing.to_string().contains("unable to open database file"), "{missing}");
        database(&path, 7);
        for _ in 0..2 * THREADS {
            let panicked = readers.read(|_| -> Result<()> { panic!("as the test wants it") }).await;
            let panicked = panicked.unwrap_err().to_string();
            assert!(panicked.contains("a read of the journal panicked"), "{panicked}");
            readers.read(|connection| connection.execute_batch("no SQL")).await.unwrap_err();
        }
        assert_eq!(readers.read(value).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn files_that_took_the_place_of_others_are_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        let readers = Readers::start(&path).unwrap();
        database(&path, 7);
        assert_eq!(readers.read(value).await.unwrap(), 7);
        let other = folder.path().join("other.db");
        database(&other, 8);
        for name in ["journal.db-wal", "journal.db-shm"] {
            let _ = fs::remove_file(folder.path().join(name));
        }
        fs::rename(&other, &path).unwrap();
        assert_eq!(readers.read(value).await.unwrap(), 8);
    }

    #[tokio::test]
    async fn after_the_end_no_file_is_open_and_nothing_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        database(&path, 7);
        let readers = Readers::start(&path).unwrap();
        let (go_on, wait) = mpsc::channel();
        let slow = readers.read(move |connection| {
            wait.recv().unwrap();
            value(connection)
        });
        let close = async {
            assert_eq!(readers.read(value).await.unwrap(), 7);
            let closing = readers.close();
            go_on.send(()).unwrap();
            closing.await.unwrap();
        };
        let (slow, ()) = tokio::join!(slow, close);
        assert_eq!(slow.unwrap(), 7);
        let closed = readers.read(value).await.unwrap_err();
        assert_eq!(closed.to_string(), closed_error().to_string());
        let mut open =
            fs::read_dir("/proc/self/fd").unwrap().filter_map(|it| fs::read_link(it.ok()?.path()).ok());
        assert!(!open.any(|file| file.starts_with(folder.path())));
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn readers_are_behind_the_rest_of_the_server() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        database(&path, 7);
        let readers = Readers::start(&path).unwrap();
        // The documentation of /proc: the nice value is the 19th field, the 17th behind the name.
        let nice = || {
            let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
            stat.rsplit(") ").next().unwrap().split(' ').nth(16).unwrap().parse::<i32>().unwrap()
        };
        let usual = nice();
        let read = readers.read(move |_| Ok(nice())).await.unwrap();
        assert_eq!(read, (usual + NICE).min(19));
    }
}
