//! The menu calls against the document's examples.

use rongcloud_callback::client::{ClientError, Menu, NewMenu};
use url::form_urlencoded;

use super::support::{Api, OK, check, check_edited, json};
use crate::fixtures::{HttpExample, fixture};

const ADD: &str = "公众号菜单设置/添加公众号菜单";

fn assert_example(menu: &Menu, name: &str) {
    let example = json(fixture(&format!("rongcloud/{ADD}/{name}/response.json")).as_bytes());
    assert_eq!(
        serde_json::to_value(menu).unwrap(),
        example["info"],
        "every key, in the platform's case"
    );
    assert_eq!((&menu.created_at, &menu.updated_at), (&None, &None));
}

#[tokio::test]
async fn an_entry_of_level_one_is_added() {
    let new = NewMenu::new("whtest", "融云").opening("http://www.xxx.com");
    let heading = format!("{ADD}/添加公众号一级菜单示例");
    let menu = check(&heading, async |client| client.menus().add(&new).await).await;
    assert_example(&menu, "添加公众号一级菜单示例");
    assert_eq!(menu.id.as_str(), "07173179054d491fbe4eb2b40635253c");
}

#[tokio::test]
async fn an_entry_of_level_two_is_added() {
    let new = NewMenu::new("whtest", "测试1").below("432531b2155040c0a425bd5962f7ec67");
    // The example says type = 0 with a url, which the table calls valid with type = 1 only.
    let edit = |example: &mut HttpExample| {
        example.body = example.body.replace("&url=http://www.baidu.com", "");
    };
    let heading = format!("{ADD}/添加公众号二级菜单示例");
    let menu = check_edited(&heading, edit, async |client| client.menus().add(&new).await).await;
    assert_example(&menu, "添加公众号二级菜单示例");
}

#[tokio::test]
async fn an_entry_is_deleted() {
    let (account, menu) = ("whtest".into(), "183f47fac3f745cdb3dda0ce9b197f90".into());
    let heading = "公众号菜单设置/删除公众号菜单";
    check(heading, async |client| client.menus().delete(&account, &menu).await).await;
}

#[tokio::test]
async fn entries_are_reordered_in_repeated_pairs() {
    let ids = [
        "b9454156343e40e49431c899efc060ca",
        "6ce0d22381b2413eb3a59b3ec755c1c3",
        "1cc6939e54ec4b128b96ba41ba9f170e",
    ];
    let positions = ids.map(Into::into).into_iter().zip(1..).collect::<Vec<_>>();
    let heading = "公众号菜单设置/公众号菜单排序";
    check(heading, async |client| client.menus().reorder(&positions).await).await;

    let api = Api::answering(200, OK).await;
    api.client.menus().reorder(&positions).await.unwrap();
    let body = api.request().await.body;
    let names: Vec<_> = form_urlencoded::parse(&body).map(|(name, _)| name.into_owned()).collect();
    assert_eq!(names, ["menuIds", "orders", "menuIds", "orders", "menuIds", "orders"]);
}

#[tokio::test]
async fn a_name_is_one_to_ten_characters() {
    let api = Api::answering(200, r#"{"info":{"menuId":"m","mcid":"a"}}"#).await;
    api.client.menus().add(&NewMenu::new("a", "一二三四五六七八九十")).await.unwrap();
    for name in ["", "一二三四五六七八九十x"] {
        let error = api.client.menus().add(&NewMenu::new("a", name)).await.unwrap_err();
        assert!(matches!(error, ClientError::Limit(_)) && !error.is_retryable(), "{error:?}");
    }
    api.request().await;
}
