//! Connections to PostgreSQL beside those of a server.

use tokio_postgres::{Client, NoTls};

/// A connection to the database at `url`.
pub(crate) async fn client(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("the database answers");
    #[expect(clippy::disallowed_methods, reason = "it ends with the client")]
    tokio::spawn(connection);
    client
}
