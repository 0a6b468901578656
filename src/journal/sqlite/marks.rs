//! The marks in the file that keep servers away while a journal is copied, and after it was moved.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, Result};

use super::error::open_error;
use crate::journal::{JournalError, driver::access::Access};

/// The application id of a journal: `RCcb` in ASCII.
const APPLICATION_ID: i64 = 0x5243_6362;
/// The application id of a journal that is being copied to: `RCcp`.
const BEING_COPIED_TO: i64 = 0x5243_6370;
/// The application id of a journal whose entries were moved to another journal: `RCmv`.
const MOVED: i64 = 0x5243_6d76;

/// A mark that keeps servers away from a journal.
#[derive(Debug)]
pub(super) enum Mark {
    /// No mark: a server may take the journal.
    None,
    /// The journal is an incomplete copy.
    BeingCopiedTo,
    /// The journal's entries were moved to this address.
    Moved(String),
}

impl Mark {
    /// Reads the mark from the file's application id; none if the id is no journal's.
    pub(super) fn read(connection: &Connection, application_id: i64) -> Result<Option<Self>> {
        Ok(match application_id {
            APPLICATION_ID => Some(Self::None),
            BEING_COPIED_TO => Some(Self::BeingCopiedTo),
            MOVED => Some(Self::Moved(moved_to(connection)?)),
            _ => None,
        })
    }

    /// Writes the mark into the file.
    pub(super) fn write(&self, connection: &Connection) -> Result<()> {
        let application_id = match self {
            Self::None => APPLICATION_ID,
            Self::BeingCopiedTo => BEING_COPIED_TO,
            Self::Moved(target) => {
                // Only in a journal that was moved, so that the table is no step of the migrations.
                connection.execute_batch(
                    "create table if not exists moved (target text not null) strict; delete from moved",
                )?;
                connection.execute("insert into moved (target) values (?1)", [target])?;
                MOVED
            }
        };
        connection.pragma_update(None, "application_id", application_id)
    }
}

fn moved_to(connection: &Connection) -> Result<String> {
    let target = connection.query_row("select target from moved", [], |row| row.get(0)).optional()?;
    Ok(target.unwrap_or_default())
}

/// Marks an empty journal as being copied to; `false` if it is not empty.
pub(super) fn begin_copy(connection: &Connection) -> Result<bool> {
    let sql = "select not exists (select 1 from entry) and not exists (select 1 from conversation_state)
        and not exists (select 1 from scheduled)";
    let is_empty = connection.query_row(sql, [], |row| row.get(0))?;
    if is_empty {
        Mark::BeingCopiedTo.write(connection)?;
    }
    Ok(is_empty)
}

/// Refuses a journal with a mark: to a server always, and to a copy from it if it is incomplete. An operator looks at any.
pub(super) fn check_mark(mark: Mark, path: &Path, access: Access) -> Result<(), JournalError> {
    let path = path.display();
    match (mark, access) {
        (Mark::BeingCopiedTo, Access::Server | Access::Source) => Err(open_error(&format!(
            "the journal {path} is an incomplete copy: remove it, with its -wal and -shm if they are there, \
             then run `journal copy` again"
        ))),
        (Mark::Moved(target), Access::Server) => Err(open_error(&format!(
            "the journal {path} was moved to {target} by `journal copy`: set [journal] url to that; \
             to go on with what is in this one instead, run `journal copy sqlite:{path} sqlite:NEW`, and set it to sqlite:NEW"
        ))),
        _ => Ok(()),
    }
}
