//! The account calls against the document's examples.

use rongcloud_callback::client::{Account, NewAccount, Profile};
use serde_json::Value;

use super::support::{Api, check, json};
use crate::fixtures::fixture;

fn profile(id: &str, name: &str) -> Profile {
    Profile {
        id: id.into(),
        name: name.into(),
        portrait_url: "http://www.rongcloud.cn/images/logo.png".into(),
        ui_type: 0,
        introduction: "测试应用内公众号说明描述".into(),
    }
}

fn assert_example(account: &Account) {
    assert_eq!(account.id.as_str(), "testmcid0");
    assert_eq!(account.name.as_deref(), Some("刷新应用内公众号"));
    assert!(account.followed_by_all && account.route_open && account.is_get_user_info);
    assert!(!account.is_authorization && !account.is_custom);
    let example = json(fixture("rongcloud/应用公众号设置/创建应用公众号/response.json").as_bytes());
    assert_eq!(
        serde_json::to_value(account).unwrap(),
        example["info"],
        "every key, in the platform's case"
    );
}

#[tokio::test]
async fn an_account_is_created() {
    let new = NewAccount {
        profile: profile("testmcid1", "第二个应用内公众号"),
        followed_by_all: true,
        route_url: "http://www.rongcloud.cn/images/".into(),
    };
    let account = check("应用公众号设置/创建应用公众号", async |client| {
        client.accounts().create(&new).await
    });
    assert_example(&account.await);
}

#[tokio::test]
async fn an_account_is_updated() {
    let profile = profile("testmcid0", "刷新应用内公众号");
    let account = check("应用公众号设置/修改应用公众号信息", async |client| {
        client.accounts().update(&profile).await
    });
    assert_example(&account.await);
}

#[tokio::test]
async fn an_account_is_looked_up() {
    let id = "testmcid0".into();
    let account = check("应用公众号设置/查询应用公众号信息", async |client| {
        client.accounts().show(&id).await
    });
    assert_example(&account.await);
}

#[tokio::test]
async fn the_route_of_an_account_is_set() {
    let id = "testmcid0".into();
    let account = check("应用公众号设置/设置应用公众号路由地址", async |client| {
        client.accounts().set_route(&id, "http://www.rongcloud.cn").await
    });
    assert_example(&account.await);
}

#[tokio::test]
async fn the_route_of_an_account_is_switched() {
    let id = "testmcid0".into();
    let account = check("应用公众号设置/设置应用公众号路由开关", async |client| {
        client.accounts().switch_route(&id, true).await
    });
    assert_example(&account.await);

    let api = Api::answering(200, r#"{"info":{"mcid":"testmcid0"}}"#).await;
    api.client.accounts().switch_route(&id, false).await.unwrap();
    assert!(api.request().await.body.ends_with(b"isOpen=false"));
}

#[tokio::test]
async fn extra_keys_nulls_and_missing_keys_of_an_account_do_no_harm() {
    let answer = r#"{"info":{"mcid":"a","RouteUrl":null,"new":[1],"DisplayName":"n"},"more":{}}"#;
    let api = Api::answering(200, answer).await;
    let account = api.client.accounts().show(&"a".into()).await.unwrap();
    assert_eq!((account.route_url, account.name.as_deref()), (None, Some("n")));
    assert_eq!(serde_json::to_value(account.introduction).unwrap(), Value::Null);
}
