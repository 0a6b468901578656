//! The threads that read the file beside the writer thread.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, mpsc},
    time::Duration,
};

use rusqlite::Connection;
use tokio::sync::oneshot;

use super::{error::unavailable_error, operations::blocking, read_connections::ReadConnections};
use crate::{
    journal::{JournalError, Pending, driver::thread::DriverThread, error::closed_error},
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

/// The threads that read a file. They have ended, and their connections are closed, when this was dropped.
#[derive(Debug)]
pub(super) struct Readers {
    /// The connections of the threads, which whoever opens a failed store again can close.
    pub(super) connections: Arc<ReadConnections>,
    /// The threads; none after the end.
    threads: Mutex<Option<Threads>>,
}

#[derive(Debug)]
struct Threads {
    /// The way to the threads, which end once it is gone; so it comes before them.
    sender: mpsc::Sender<Work>,
    _threads: Vec<DriverThread>,
}

impl Readers {
    /// Starts the threads for the file at `path`, which need not be there yet.
    pub(super) fn start(path: &Path) -> Result<Self, JournalError> {
        let (sender, receiver) = mpsc::channel();
        let (receiver, connections) = (Arc::new(Mutex::new(receiver)), Arc::default());
        let start = |_| {
            let reader = Reader { path: path.to_owned(), connections: Arc::clone(&connections) };
            let receiver = Arc::clone(&receiver);
            DriverThread::spawn("reader", move || reader.run(&receiver))
        };
        let threads = (0..THREADS).map(start).collect::<Result<_, _>>()?;
        let threads = Mutex::new(Some(Threads { sender, _threads: threads }));
        Ok(Self { connections, threads })
    }

    /// Reads one state of the file.
    pub(super) fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> Pending<'_, T> {
        Box::pin(async move {
            let (sender, answer) = oneshot::channel();
            let work: Work = Box::new(move |reader| drop(sender.send(reader.read(work))));
            let send = |threads: &Threads| threads.sender.send(work).ok();
            lock(&self.threads).as_ref().and_then(send).ok_or_else(closed_error)?;
            answer.await.map_err(|_| closed_error())?
        })
    }

    /// Ends the threads and closes their connections: whoever closes the last one that may write cleans up behind it.
    pub(super) fn close(&self) -> Pending<'static, ()> {
        let end = self.end();
        blocking(move || {
            end();
            Ok(())
        })
    }

    fn end(&self) -> impl FnOnce() + Send + use<> {
        let (threads, connections) = (lock(&self.threads).take(), Arc::clone(&self.connections));
        move || {
            drop(threads);
            connections.close();
        }
    }
}

impl Drop for Readers {
    fn drop(&mut self) {
        self.end()();
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

    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, JournalError> {
        let read = catch_unwind(AssertUnwindSafe(|| self.read_snapshot(work)));
        let panicked = || JournalError::Unavailable("a read of the journal panicked".into());
        read.map_err(|_| panicked())?.map_err(unavailable_error)
    }

    /// Does `work` on a state of the file. A connection that fails is not used again.
    fn read_snapshot<T>(
        &self,
        work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<T> {
        let mut open = self.connections.take(&self.path)?;
        let snapshot = open.connection.transaction()?;
        let done = work(&snapshot)?;
        drop(snapshot);
        self.connections.put_back(open);
        Ok(done)
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

    use tempfile::TempDir;

    use super::*;

    /// The readers of a file in a new folder.
    fn readers() -> (Readers, PathBuf, TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.db");
        (Readers::start(&path).unwrap(), path, folder)
    }

    fn are_open(folder: &TempDir) -> bool {
        let open = fs::read_dir("/proc/self/fd").unwrap();
        open.filter_map(|it| fs::read_link(it.ok()?.path()).ok())
            .any(|file| file.starts_with(folder.path()))
    }

    fn database(path: &Path, value: i64) {
        let connection = Connection::open(path).unwrap();
        let tables = "pragma journal_mode = wal; create table tally (value integer not null);";
        connection.execute_batch(tables).unwrap();
        connection.execute("insert into tally values (?1)", [value]).unwrap();
    }

    fn value(connection: &Connection) -> rusqlite::Result<i64> {
        connection.query_row("select value from tally", [], |row| row.get(0))
    }

    #[tokio::test]
    async fn a_read_that_fails_or_panics_is_an_error_and_the_next_one_works() {
        let (readers, path, _folder) = readers();
        let missing = readers.read(value).await.unwrap_err();
        assert!(missing.to_string().contains("unable to open database file"), "{missing}");
        database(&path, 7);
        for _ in 0..2 * THREADS {
            let panicked =
                readers.read(|_| -> rusqlite::Result<()> { panic!("as the test wants it") }).await;
            let panicked = panicked.unwrap_err().to_string();
            assert!(panicked.contains("a read of the journal panicked"), "{panicked}");
            readers.read(|connection| connection.execute_batch("no SQL")).await.unwrap_err();
        }
        assert_eq!(readers.read(value).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn files_that_took_the_place_of_others_are_read() {
        let (readers, path, folder) = readers();
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
        let (readers, path, folder) = readers();
        database(&path, 7);
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
        assert!(!are_open(&folder));
    }

    #[tokio::test]
    async fn whoever_drops_them_leaves_no_file_open_though_a_store_knows_their_connections() {
        let (readers, path, folder) = readers();
        database(&path, 7);
        let known = Arc::clone(&readers.connections);
        assert_eq!(readers.read(value).await.unwrap(), 7);
        assert!(are_open(&folder));
        drop(readers);
        assert!(!are_open(&folder));
        drop(known);
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn readers_are_behind_the_rest_of_the_server() {
        let (readers, path, _folder) = readers();
        database(&path, 7);
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
