//! The commands of `account`: each call as in the document.

use serde_json::Value;

use super::{
    calls::{check, command, run},
    outcome,
};

const LOGO: &str = "http://www.rongcloud.cn/images/logo.png";
const ABOUT: &str = "测试应用内公众号说明描述";

fn profile<'a>(command: &'a str, id: &'a str, name: &'a str) -> Vec<&'a str> {
    vec!["account", command, id, "--name", name, "--portrait-url", LOGO, "--introduction", ABOUT]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_subcommand_makes_its_call() {
    let route = ["--route-url", "http://www.rongcloud.cn/images/", "--followed-by-all"];
    let create = [&profile("create", "testmcid1", "第二个应用内公众号")[..], &route].concat();
    check("应用公众号设置/创建应用公众号", &create).await;
    let update = profile("update", "testmcid0", "刷新应用内公众号");
    check("应用公众号设置/修改应用公众号信息", &update).await;
    let route = ["account", "set-route", "testmcid0", "http://www.rongcloud.cn"];
    check("应用公众号设置/设置应用公众号路由地址", &route).await;
    let switch = ["account", "route", "on", "testmcid0"];
    check("应用公众号设置/设置应用公众号路由开关", &switch).await;

    let show = ["account", "show", "testmcid0"];
    insta::assert_snapshot!(check("应用公众号设置/查询应用公众号信息", &show).await, @r#"
    account:      testmcid0
    name:         刷新应用内公众号
    followers:    every user of the app
    route:        on, http://www.rongcloud.cn
    portrait:     http://www.rongcloud.cn/images/logo.png
    introduction: 测试应用内公众号说明描述
    "#);
    let json = check("应用公众号设置/查询应用公众号信息", &[&show[..], &["--json"]].concat()).await;
    let account: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(account["DisplayName"], "刷新应用内公众号");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_is_switched_off() {
    let done = run(500, "", &["account", "route", "off", "news"]).await;
    let body = String::from_utf8(done.request().body).unwrap();
    assert!(body.contains("isOpen=false"), "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_account_has_not_is_said_as_such() {
    let answer =
        r#"{"info":{"mcid":"demo","DisplayName":"De\u001b[2Jmo","IsFollow":false,"isRouteOpen":true}}"#;
    insta::assert_snapshot!(run(200, answer, &["account", "show", "demo"]).await.printed(), @r#"
    account:      demo
    name:         De\u{1b}[2Jmo
    followers:    not every user of the app
    route:        on, no routeUrl is set
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_nobody_can_open_is_not_set() {
    let profile = ["account", "update", "news", "--name", "n", "--introduction", "i", "--portrait-url"];
    let create = [&profile[..], &[LOGO, "--route-url"]].concat();
    let create: Vec<_> =
        create.into_iter().map(|word| if word == "update" { "create" } else { word }).collect();
    for arguments in [
        [&["account", "set-route", "news"][..], &["ftp://x"]].concat(),
        [&["account", "set-route", "news"][..], &["bot.example.com/callback"]].concat(),
        [&profile[..], &["logo.png"]].concat(),
        [&create[..], &["http://"]].concat(),
    ] {
        let done = run(200, "{}", &arguments).await;
        assert_eq!((done.code, done.requests.len()), (Some(1), 0), "{arguments:?}");
        assert!(done.errors.starts_with("error: invalid value '"), "{}", done.errors);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_route_url_that_the_platform_cannot_reach_is_warned_about() {
    let set = |api: &str, url: &str| {
        let set = ["account", "set-route", "news", url, "--dry-run"];
        let (code, output, errors) = outcome(command("test-app", api, &set).output().unwrap());
        assert_eq!(code, Some(0), "{errors}");
        assert!(output.contains("routeUrl="), "{output}");
        errors
    };
    insta::assert_snapshot!(set("https://api.example.com", "http://127.0.0.1:8080/callback"), @"warning: the platform at https://api.example.com/ cannot post to http://127.0.0.1:8080/callback, which can be opened on the machine itself only: name an address that it reaches");
    insta::assert_snapshot!(set("https://api.example.com", "http://192.168.1.2/callback"), @"warning: the platform at https://api.example.com/ cannot post to http://192.168.1.2/callback, which can be opened in its own network only: name an address that it reaches");
    assert_ne!(set("http://10.0.0.1", "http://localhost/callback"), "");
    assert_eq!(set("https://api.example.com", "https://bot.example.com/callback"), "");
    // The platform is the sandbox, or runs in the same network.
    assert_eq!(set("http://127.0.0.1:8000", "http://127.0.0.1:8080/callback"), "");
    assert_eq!(set("http://10.0.0.1", "http://192.168.1.2/callback"), "");
}
