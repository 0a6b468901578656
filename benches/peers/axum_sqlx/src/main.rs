//! RongCloud's callbacks kept in PostgreSQL by an axum handler: `peer-axum-sqlx ADDRESS`, the database in `DATABASE_URL`.

use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    routing::post,
};
use mimalloc::MiMalloc;
use serde::Deserialize;
use sha1::{Digest, Sha1};
use sqlx::{PgPool, postgres::PgPoolOptions};
use subtle::ConstantTimeEq;

const SECRET: &str = "bench-secret";

/// The number of the pool's connections: one for each request that the load has open, so that no request waits for a
/// connection and many commits share a sync. PostgreSQL's default allows a hundred, sqlx's default is ten.
const CONNECTIONS: u32 = 64;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// The query of a callback.
#[derive(Deserialize)]
struct Signed {
    #[serde(rename = "rc-nonce")]
    nonce: String,
    #[serde(rename = "rc-timestamp")]
    timestamp: String,
    #[serde(rename = "rc-signature")]
    signature: String,
}

impl Signed {
    fn is_right(&self) -> bool {
        let expected = hex::encode(Sha1::digest([SECRET, &self.nonce, &self.timestamp].concat()));
        expected.as_bytes().ct_eq(self.signature.as_bytes()).into()
    }
}

/// The body of a callback.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Message {
    to_user_name: String,
    from_user_name: String,
    create_time: i64,
    msg_type: String,
    content: Option<String>,
    msg_id: String,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let address = std::env::args().nth(1).ok_or("an address is missing")?;
    // A connection that broke shows at its next statement; a ping before each one would double the round trips.
    let options = PgPoolOptions::new().max_connections(CONNECTIONS).test_before_acquire(false);
    let pool = options.connect(&std::env::var("DATABASE_URL")?).await?;
    sqlx::query(
        "create table if not exists callbacks (id text primary key, account text not null, sender text not null, \
         sent_at bigint not null, kind text not null, content text)",
    )
    .execute(&pool)
    .await?;
    let app = Router::new().route("/callback", post(receive)).with_state(pool);
    axum::serve(tokio::net::TcpListener::bind(address).await?, app).await?;
    Ok(())
}

async fn receive(State(pool): State<PgPool>, Query(signed): Query<Signed>, body: String) -> StatusCode {
    if !signed.is_right() {
        return StatusCode::UNAUTHORIZED;
    }
    // The platform's documents close `<MsgId>` with `</MsgID>`, which is not well-formed XML.
    let Ok(message) = quick_xml::de::from_str::<Message>(&body.replace("</MsgID>", "</MsgId>")) else {
        return StatusCode::BAD_REQUEST;
    };
    // sqlx prepares the statement once a connection.
    let inserted =
        sqlx::query("insert into callbacks values ($1, $2, $3, $4, $5, $6) on conflict do nothing")
            .bind(message.msg_id)
            .bind(message.to_user_name)
            .bind(message.from_user_name)
            .bind(message.create_time)
            .bind(message.msg_type)
            .bind(message.content)
            .execute(&pool)
            .await;
    match inserted {
        Ok(_) => StatusCode::OK,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}
