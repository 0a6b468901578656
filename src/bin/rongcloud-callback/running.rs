//! The server that runs beside a command, in the same container: what it was started with.
//!
//! # Design
//!
//! A file in which the server notes its configuration would have to be written somewhere, and a container's root is
//! read-only. The kernel knows the arguments, the environment and the folder of a process anyway.

use std::{
    env::var_os,
    ffi::{OsStr, OsString},
    fs,
    net::SocketAddr,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{self, Command},
};

use clap::Parser as _;

use crate::{Cli, Command as Subcommand, failure::Failure};

/// This program's own file, also after another one has taken its place.
const SELF: &str = "/proc/self/exe";
/// The variable that names a configuration.
const CONFIG: &str = "RONGCLOUD_CALLBACK_CONFIG";

/// A running sandbox.
pub(crate) struct Beside {
    /// The number of its process.
    pub(crate) id: u32,
    /// Where its page is; none if only it knows the port.
    pub(crate) address: Option<SocketAddr>,
}

/// A running server of this program.
struct Server {
    /// The number of its process.
    id: u32,
    /// The file that its arguments name.
    config: Option<PathBuf>,
    environment: Vec<(OsString, OsString)>,
}

/// Begins `arguments` again as the server beside us was begun: in its folder, with its environment and configuration, and with
/// `--as-started`, which says so. Returns if there is no server, or more than one, or if our own environment names a
/// configuration that is not the server's.
pub(crate) fn begin_again_beside_it(arguments: &[OsString]) -> Result<(), Failure> {
    let servers: Vec<_> = servers().collect();
    let [Server { id, config, environment }] = &servers[..] else { return Ok(()) };
    let theirs = environment.iter().find(|(name, _)| name == CONFIG).map(|(_, value)| value);
    if var_os(CONFIG).is_some_and(|ours| Some(&ours) != theirs) {
        return Ok(());
    }
    let mut command = Command::new(SELF);
    command.arg0(env!("CARGO_BIN_NAME")).current_dir(format!("/proc/{id}/cwd"));
    command.env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    command.args(arguments).arg("--as-started").arg(id.to_string());
    // Returns only if it fails.
    let error = anyhow::Error::new(command.exec());
    Err(Failure::ours(
        error.context(format!("cannot check the server with the process id {id} as it was started")),
    )
    .hint("name its configuration with --config"))
}

/// The sandbox that a container runs, as its first process or as the child of that one; anywhere else a sandbox is not what
/// is asked about.
pub(crate) fn sandbox_of_container() -> Option<Beside> {
    others().find_map(|id| {
        let Cli { command, .. } = arguments(id)?;
        let Subcommand::Sandbox(arguments) = command else { return None };
        let address = Some(arguments.address()).filter(|address| address.port() != 0);
        (id == 1 || parent(id) == Some(1)).then_some(Beside { id, address })
    })
}

/// The servers of this program whose processes we can see and look into.
fn servers() -> impl Iterator<Item = Server> {
    others().filter_map(server)
}

/// The numbers of all processes but this one.
fn others() -> impl Iterator<Item = u32> {
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| *id != process::id())
}

/// The arguments of a process, if it is one of this program.
fn arguments(id: u32) -> Option<Cli> {
    let folder = folder(id);
    if file(&folder.join("exe"))? != file(Path::new(SELF))? {
        return None;
    }
    Cli::try_parse_from(strings(&folder.join("cmdline"))?).ok()
}

/// The number of the process that has started another one.
fn parent(id: u32) -> Option<u32> {
    let status = fs::read_to_string(folder(id).join("status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// What the kernel shows of a process.
fn folder(id: u32) -> PathBuf {
    Path::new("/proc").join(id.to_string())
}

fn server(id: u32) -> Option<Server> {
    let Cli { config, command, .. } = arguments(id)?;
    let folder = folder(id);
    let environment = strings(&folder.join("environ"))?;
    let environment = environment.iter().filter_map(|line| {
        let at = line.as_bytes().iter().position(|&byte| byte == b'=')?;
        let (name, value) = line.as_bytes().split_at(at);
        Some((OsStr::from_bytes(name).to_owned(), OsStr::from_bytes(&value[1..]).to_owned()))
    });
    let environment = environment.collect();
    matches!(command, Subcommand::Serve).then_some(Server { id, config, environment })
}

/// The device and number of the file at `path`, which no other file has.
fn file(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// The strings in a file of the kernel's, each of which ends with a zero byte.
fn strings(path: &Path) -> Option<Vec<OsString>> {
    let bytes = fs::read(path).ok()?;
    let strings = bytes.strip_suffix(b"\0").unwrap_or(&bytes).split(|&byte| byte == 0);
    Some(strings.map(|string| OsStr::from_bytes(string).to_owned()).collect())
}
