//! The newest entries of many conversations, which are looked for together.

use tokio_postgres::Error;

use super::{
    client::Client,
    conversation_index,
    records::{RECORD, record},
    retry::READ,
    search::search,
};
use crate::journal::{Filter, Record};

/// The newest entry of each of these conversations that has one.
pub(super) async fn newest(client: &Client, conversations: &[String]) -> Result<Vec<Record>, Error> {
    if conversations.is_empty() {
        return Ok(Vec::new());
    }
    client.batch_execute(READ).await?;
    let mut indexed = conversation_index::newest(client, conversations).await?;
    let ids: Vec<_> = indexed.values().map(|id| id.0).collect();
    let sql = format!("select {RECORD} from entry where id = any($1)");
    let rows = client.query(&sql, &[&ids]).await?;
    client.batch_execute("commit").await?;
    let mut records: Vec<_> = rows.iter().map(record).collect::<Result<_, _>>()?;
    records.retain(|record| indexed.get(record.conversation.as_str()) == Some(&record.id));
    for record in &records {
        indexed.remove(record.conversation.as_str());
    }
    for (conversation, id) in indexed {
        // The index has named an entry that is gone, or another conversation's: this one's are before it.
        let of_conversation = Some(conversation.to_owned());
        let filter = Filter { of_conversation, before: Some(id), limit: 1, ..Filter::default() };
        records.extend(search(client, &filter).await?.records);
    }
    Ok(records)
}
