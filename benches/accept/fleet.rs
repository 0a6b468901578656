//! The servers under load, one or several of a kind, each a child process, and their use of resources.

use std::{
    collections::BTreeSet,
    io::{BufRead, BufReader, Write},
    net::SocketAddr,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Duration,
};

use crate::{
    database::Database,
    process,
    serve::{FLAG, Stock, Target},
};

/// All servers of a target, and the database server behind them if they are on one.
pub(crate) struct Fleet {
    servers: Vec<Server>,
    database: Option<Database>,
}

/// A server process.
struct Server {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    address: SocketAddr,
}

/// The resources that the servers have used since they were started.
pub(crate) struct Usage {
    pub(crate) cpu: Duration,
    /// The time of the database's processes.
    pub(crate) database: Duration,
    /// The memory of all servers, in bytes.
    pub(crate) resident: u64,
    /// Messages handled to the end.
    pub(crate) finished: u64,
}

impl Usage {
    /// The resources used since `earlier`; the memory is as it is now.
    pub(crate) fn since(self, earlier: &Self) -> Self {
        Self {
            cpu: self.cpu.saturating_sub(earlier.cpu),
            database: self.database.saturating_sub(earlier.database),
            finished: self.finished - earlier.finished,
            ..self
        }
    }
}

impl Fleet {
    /// Starts the servers with `stock` in their journal; `url` is the address of PostgreSQL.
    pub(crate) fn start(target: Target, stock: Stock, url: Option<&str>) -> Self {
        let url = url.filter(|_| target.is_shared());
        let url_of = |number| match target {
            Target::Apart => url.map(|url| Database::of(url).beside(number)),
            _ => url.map(str::to_owned),
        };
        let urls: Vec<_> = (0..target.replicas()).map(url_of).collect();
        let mut database = None;
        for url in urls.iter().flatten().collect::<BTreeSet<_>>() {
            // The processes of one are those of all, which are on one server.
            let prepared = database.insert(Database::of(url));
            prepared.prepare(stock.history);
        }
        let servers = urls.iter().map(|url| Server::start(target, stock, url.as_deref())).collect();
        Self { servers, database }
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(|server| server.address).collect()
    }

    pub(crate) fn usage(&mut self) -> Usage {
        let ids: Vec<_> = self.servers.iter().map(|server| server.child.id()).collect();
        Usage {
            // Of a journal that they share, each counts all.
            finished: self.servers.iter_mut().map(Server::finished).max().unwrap_or_default(),
            cpu: ids.iter().map(|id| process::cpu(*id)).sum(),
            database: self.database.as_ref().map(Database::cpu).unwrap_or_default(),
            resident: ids.iter().map(|id| process::resident(*id)).sum(),
        }
    }

    pub(crate) fn stop(self) {
        self.servers.into_iter().for_each(Server::stop);
    }
}

impl Server {
    fn start(target: Target, stock: Stock, url: Option<&str>) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("our own path"))
            .args([FLAG, target.name(), &stock.backlog.to_string(), &stock.history.to_string()])
            .args(url)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("our own executable runs");
        let commands = child.stdin.take().expect("piped");
        let mut answers = BufReader::new(child.stdout.take().expect("piped"));
        let address = line(&mut answers).parse().expect("the server says where it listens");
        Self { child, commands, answers, address }
    }

    fn finished(&mut self) -> u64 {
        writeln!(self.commands, "finished").expect("the server runs");
        line(&mut self.answers).parse().expect("a number")
    }

    fn stop(self) {
        let Self { mut child, commands, .. } = self;
        drop(commands);
        assert!(child.wait().expect("our child").success());
    }
}

fn line(answers: &mut impl BufRead) -> String {
    let mut line = String::new();
    answers.read_line(&mut line).expect("the server answers");
    line.trim_end().to_owned()
}
