//! The account that every sandbox begins with.

use super::{
    account::{Account, MenuEntry},
    uploads::PICTURE_PATH,
};

/// The id of the account that every sandbox begins with.
pub(super) const DEMO: &str = "demo";

/// The account `demo`, with a menu; `next_number` numbers it and its entries.
pub(super) fn demo_account(route_url: String, mut next_number: impl FnMut() -> u64) -> Account {
    let number = next_number();
    let mut entry = |name: &str, url: &str, parent: Option<&MenuEntry>| MenuEntry {
        id: format!("{:032x}", rand::random::<u128>()).into(),
        number: next_number(),
        action: i64::from(!url.is_empty()),
        name: name.to_owned(),
        url: url.to_owned(),
        parent: parent.map(|parent| parent.id.clone()),
        order: 0,
    };
    let help = entry("Help 帮助", "", None);
    let menu = vec![
        entry("RongCloud", "https://www.rongcloud.cn/", Some(&help)),
        entry("Example 示例", "https://example.com/", Some(&help)),
        entry("Docs 文档", "https://docs.rongcloud.cn/", None),
    ];
    Account {
        id: DEMO.to_owned(),
        number,
        name: "Demo 演示".to_owned(),
        portrait_url: PICTURE_PATH.to_owned(),
        introduction: "The account that every sandbox has. 每个沙箱自带的公众号。".to_owned(),
        route_open: true,
        route_url,
        menu: [vec![help], menu].concat(),
        ..Account::default()
    }
}
