//! A benchmark's own executable as a child process, which answers lines of text.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// A running child. It ends when its standard input does.
pub(crate) struct ChildProcess {
    child: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl ChildProcess {
    /// Starts this executable with other arguments.
    pub(crate) fn start(arguments: impl IntoIterator<Item = String>) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("our own path"))
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("our own executable runs");
        let commands = child.stdin.take().expect("piped");
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, commands, answers }
    }

    /// The number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the next line that the child says.
    pub(crate) fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the child answers");
        line.trim_end().to_owned()
    }

    /// Sends a line, and waits for the answer.
    pub(crate) fn ask(&mut self, command: &str) -> String {
        writeln!(self.commands, "{command}").expect("the child runs");
        self.next_line()
    }

    /// Waits for the end of the child.
    pub(crate) fn stop(self) {
        let Self { mut child, commands, .. } = self;
        drop(commands);
        assert!(child.wait().expect("our child").success());
    }
}
