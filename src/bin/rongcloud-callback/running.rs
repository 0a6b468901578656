//! The server or sandbox that runs on the same machine or in the same container, found through `/proc`.
//!
//! # Design
//!
//! A file in which the server notes its configuration would need a place to be written to, and a container's root is
//! read-only. The kernel already knows the arguments, the environment and the folder of a process.

use std::{
    env::var_os,
    ffi::{OsStr, OsString},
    fs,
    net::SocketAddr,
    os::unix::{ffi::OsStrExt as _, fs::MetadataExt as _, process::CommandExt as _},
    path::{Path, PathBuf},
    process::{self, Command},
};

use crate::failure::Failure;

/// The file of this program, also after another one has replaced it.
const OWN_FILE: &str = "/proc/self/exe";
/// The environment variable that names a configuration.
const CONFIG_VARIABLE: &str = "RONGCLOUD_CALLBACK_CONFIG";

/// The command of a running process of this program.
pub(crate) enum RunningCommand {
    /// A server, with the configuration file that its arguments name.
    Serve { config: Option<PathBuf> },
    /// A sandbox, with the address of its page; the port is 0 if the kernel has chosen one.
    #[cfg_attr(
        not(feature = "sandbox"),
        expect(dead_code, reason = "only the feature brings the command")
    )]
    Sandbox { address: SocketAddr },
}

/// The reader of a process's command line.
pub(crate) type ReadCommand = fn(Vec<OsString>) -> Option<RunningCommand>;

/// A running sandbox.
pub(crate) struct RunningSandbox {
    /// The process id.
    pub(crate) id: u32,
    /// The address of the page; none if the kernel has chosen the port.
    pub(crate) address: Option<SocketAddr>,
}

/// A running server of this program.
struct RunningServer {
    /// The process id.
    id: u32,
    /// The configuration file that its arguments name.
    config: Option<PathBuf>,
    environment: Vec<(OsString, OsString)>,
}

/// Replaces this process by one with `arguments` that is started like the running server: in its folder, with its
/// environment and configuration, and with `--as-started`, by which the new process knows it.
///
/// Returns if there is no server, or more than one, or if this process's environment names another configuration than the
/// server's.
pub(crate) fn restart_like_server(arguments: &[OsString], read: ReadCommand) -> Result<(), Failure> {
    let servers: Vec<_> = other_processes().filter_map(|id| running_server(id, read)).collect();
    let [RunningServer { id, config, environment }] = &servers[..] else { return Ok(()) };
    let configured =
        environment.iter().find(|(name, _)| name == CONFIG_VARIABLE).map(|(_, value)| value);
    if var_os(CONFIG_VARIABLE).is_some_and(|own| Some(&own) != configured) {
        return Ok(());
    }
    let mut command = Command::new(OWN_FILE);
    command.arg0(env!("CARGO_BIN_NAME")).current_dir(format!("/proc/{id}/cwd"));
    command.env_clear().envs(environment.iter().map(|(name, value)| (name, value)));
    if let Some(config) = config {
        command.arg("--config").arg(config);
    }
    command.args(arguments).arg("--as-started").arg(id.to_string());
    // `exec` returns only if it fails.
    let error = anyhow::Error::new(command.exec());
    Err(Failure::ours(
        error.context(format!("cannot check the server with the process id {id} as it was started")),
    )
    .hint("name its configuration with --config"))
}

/// The sandbox that a container runs, as its first process or as the child of that one. A sandbox elsewhere is not meant by
/// a check.
pub(crate) fn find_container_sandbox(read: ReadCommand) -> Option<RunningSandbox> {
    other_processes().find_map(|id| {
        let RunningCommand::Sandbox { address } = command(id, read)? else { return None };
        let address = Some(address).filter(|address| address.port() != 0);
        (id == 1 || parent(id) == Some(1)).then_some(RunningSandbox { id, address })
    })
}

/// The ids of all processes except for this one.
fn other_processes() -> impl Iterator<Item = u32> {
    let ids = fs::read_dir("/proc").into_iter().flatten().flatten();
    let ids = ids.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| *id != process::id())
}

/// The command of a process, if it is one of this program.
fn command(id: u32, read: ReadCommand) -> Option<RunningCommand> {
    let folder = process_folder(id);
    if file_identity(&folder.join("exe"))? != file_identity(Path::new(OWN_FILE))? {
        return None;
    }
    read(read_strings(&folder.join("cmdline"))?)
}

/// The id of the process that has started this one.
fn parent(id: u32) -> Option<u32> {
    let status = fs::read_to_string(process_folder(id).join("status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix("PPid:"))?.trim().parse().ok()
}

/// The folder in which the kernel describes a process.
fn process_folder(id: u32) -> PathBuf {
    Path::new("/proc").join(id.to_string())
}

/// The process `id`, if it is a server whose environment can be read.
fn running_server(id: u32, read: ReadCommand) -> Option<RunningServer> {
    let RunningCommand::Serve { config } = command(id, read)? else { return None };
    let environment = read_strings(&process_folder(id).join("environ"))?;
    let environment = environment.iter().filter_map(|line| {
        let at = line.as_bytes().iter().position(|&byte| byte == b'=')?;
        let (name, value) = line.as_bytes().split_at(at);
        Some((OsStr::from_bytes(name).to_owned(), OsStr::from_bytes(&value[1..]).to_owned()))
    });
    Some(RunningServer { id, config, environment: environment.collect() })
}

/// The device and inode of the file at `path`, which identify it.
fn file_identity(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// The strings in a file of `/proc`, each of which ends with a zero byte.
fn read_strings(path: &Path) -> Option<Vec<OsString>> {
    let bytes = fs::read(path).ok()?;
    let strings = bytes.strip_suffix(b"\0").unwrap_or(&bytes).split(|&byte| byte == 0);
    Some(strings.map(|string| OsStr::from_bytes(string).to_owned()).collect())
}
