//! The servers under load, one or several of a kind, each a child process, and their use of resources.

use std::{collections::BTreeSet, net::SocketAddr, time::Duration};

use crate::{
    child::ChildProcess,
    database::Database,
    load::{self, Demand, Load, Wire},
    memory::memory,
    process,
    serve::{Arguments, FLAG},
    stock::Stock,
    target::Target,
};

/// The surroundings in which the servers of a target start.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Setup<'a> {
    /// The entries in the journal, if it is a new one.
    pub(crate) stock: Stock,
    /// The URL of a journal on SQLite that is used as it is, instead of a new one.
    pub(crate) journal: Option<&'a str>,
    /// The URL of PostgreSQL.
    pub(crate) postgres: Option<&'a str>,
    /// The address that replies go to.
    pub(crate) api: SocketAddr,
    /// How many replies are sent at once.
    pub(crate) deliver: u64,
}

/// All servers of a target, and the database server behind them if they are on one.
pub(crate) struct Fleet {
    target: Target,
    servers: Vec<Server>,
    database: Option<Database>,
}

/// A server process.
struct Server {
    child: ChildProcess,
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
    /// Starts the servers of `target`.
    pub(crate) fn start(target: Target, setup: Setup<'_>) -> Self {
        let url = if target.is_shared() { setup.postgres } else { setup.journal };
        let url_of = |number| match (target, url) {
            (Target::Apart, Some(url)) => Database::of(url).beside(number),
            _ => url.unwrap_or_default().to_owned(),
        };
        let urls: Vec<_> = (0..target.replicas()).map(url_of).collect();
        let mut database = None;
        for url in urls.iter().filter(|_| target.is_shared()).collect::<BTreeSet<_>>() {
            // The processes of one are those of all, which are on one server.
            let prepared = database.insert(Database::of(url));
            prepared.prepare(setup.stock.history);
        }
        let start = |journal: &String| {
            let Setup { stock, api, deliver, .. } = setup;
            Server::start(&Arguments { target, stock, journal, api, deliver })
        };
        Self { target, servers: urls.iter().map(start).collect(), database }
    }

    /// Loads the servers, or the store alone, for `span`.
    pub(crate) fn load(&mut self, demand: Demand, span: Duration) -> Load {
        match demand.wire {
            Wire::RongCloud { users } if self.target.is_alone() => {
                let command = format!("{} {users} {}", demand.connections, span.as_millis());
                Load::decode(&self.servers[0].child.ask(&command))
            }
            _ => load::run(&self.addresses(), demand, span),
        }
    }

    /// The number of messages handled to the end.
    pub(crate) fn finished(&mut self) -> u64 {
        let counts = self
            .servers
            .iter_mut()
            .map(|server| server.child.ask("finished").parse().expect("a number"));
        // Of a journal that they share, each counts all.
        counts.max().unwrap_or_default()
    }

    pub(crate) fn addresses(&self) -> Vec<SocketAddr> {
        self.servers.iter().map(|server| server.address).collect()
    }

    pub(crate) fn usage(&mut self) -> Usage {
        let ids: Vec<_> = self.servers.iter().map(|server| server.child.id()).collect();
        Usage {
            finished: self.finished(),
            cpu: ids.iter().map(|id| process::cpu(*id)).sum(),
            database: self.database.as_ref().map(Database::cpu).unwrap_or_default(),
            resident: ids.iter().map(|id| memory(*id, "VmRSS:")).sum(),
        }
    }

    pub(crate) fn stop(self) {
        self.servers.into_iter().for_each(|server| server.child.stop());
    }
}

impl Server {
    fn start(arguments: &Arguments<'_>) -> Self {
        let arguments = std::iter::once(FLAG.to_owned()).chain(arguments.write());
        let mut child = ChildProcess::start(arguments);
        let address = child.next_line().parse().expect("the server says where it listens");
        Self { child, address }
    }
}
