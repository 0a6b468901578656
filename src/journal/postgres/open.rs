//! Opening the journal in a database, for a server, an operator or a copy.

use std::sync::Arc;

use super::{
    address::Address, connection::Connection, dead_groups::DeadGroups, operations_pool::OperationsPool,
    operator::Operator, replica::Replica, server::Server, transfer::CopyEnd,
    writer_handle::WriterHandle,
};
use crate::journal::{Administration, JournalError, Options, Queues, Transfer, driver::access::Access};

/// Opens the database at `address` for a server.
pub(in crate::journal) async fn open_server(
    address: Address,
    options: Options,
) -> Result<Arc<dyn Queues>, JournalError> {
    let connection = Connection::open(&address, Access::Server).await?;
    let replica = Replica::enter(&connection.client, address.clone(), options.clone()).await?;
    let replica = Arc::new(replica);
    let writer = WriterHandle::start(Arc::clone(&replica)).await?;
    let connection = OperationsPool::new(address, Access::Server, connection);
    Ok(Arc::new(Server {
        operator: Operator { options, connection, dead_groups: DeadGroups::default() },
        replica,
        writer,
    }))
}

/// Opens the database at `address` for an operator.
pub(in crate::journal) async fn open_operator(
    address: Address,
    options: Options,
) -> Result<Arc<dyn Administration>, JournalError> {
    let connection = connect(address, Access::Operator).await?;
    Ok(Arc::new(Operator { options, connection, dead_groups: DeadGroups::default() }))
}

/// Opens the database at `address` to be copied from.
pub(in crate::journal) async fn open_source(
    address: Address,
    _options: Options,
) -> Result<Arc<dyn Transfer>, JournalError> {
    let connection = connect(address, Access::Source).await?;
    Ok(Arc::new(CopyEnd { connection, is_source: true }))
}

/// Opens the database at `address` to be copied into.
pub(in crate::journal) async fn open_target(
    address: Address,
    _options: Options,
) -> Result<Arc<dyn Transfer>, JournalError> {
    let connection = connect(address, Access::Target).await?;
    Ok(Arc::new(CopyEnd { connection, is_source: false }))
}

async fn connect(address: Address, access: Access) -> Result<OperationsPool, JournalError> {
    let connection = Connection::open(&address, access).await?;
    Ok(OperationsPool::new(address, access, connection))
}
