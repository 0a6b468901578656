//! The commands of `menu`: each call as in the document.

use super::calls::{OK, check, check_edited, run};

const LEVEL_1: &str = "公众号菜单设置/添加公众号菜单/添加公众号一级菜单示例";
const LEVEL_2: &str = "公众号菜单设置/添加公众号菜单/添加公众号二级菜单示例";

#[tokio::test(flavor = "multi_thread")]
async fn each_subcommand_makes_its_call() {
    let add = ["menu", "add", "whtest", "融云", "--url", "http://www.xxx.com"];
    insta::assert_snapshot!(check(LEVEL_1, &add).await, @r#"
    menu:         07173179054d491fbe4eb2b40635253c
    account:      whtest
    name:         融云
    url:          http://www.xxx.com
    "#);
    let parent = "432531b2155040c0a425bd5962f7ec67";
    let add = ["menu", "add", "whtest", "测试1", "--url", "http://www.baidu.com", "--below", parent];
    // The example has a url and a type by which it is not opened.
    check_edited(LEVEL_2, |example| example.body = example.body.replace("type=0", "type=1"), &add).await;

    let id = "183f47fac3f745cdb3dda0ce9b197f90";
    let delete = ["menu", "delete", "whtest", id];
    assert_eq!(check("公众号菜单设置/删除公众号菜单", &delete).await, format!("{id} is deleted\n"));
    let reorder = [
        "menu",
        "reorder",
        "b9454156343e40e49431c899efc060ca",
        "6ce0d22381b2413eb3a59b3ec755c1c3",
        "1cc6939e54ec4b128b96ba41ba9f170e",
        "--json",
    ];
    assert_eq!(check("公众号菜单设置/公众号菜单排序", &reorder).await, "{\"reordered\":3}\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_too_long_is_told_of_before_anything_is_sent() {
    let done = run(200, OK, &["menu", "add", "news", "eleven char"]).await;
    assert_eq!(done.requests.len(), 0);
    insta::assert_snapshot!(done.failed(), @r#"
    error: the menu name is 11 characters long; the platform takes at most 10: shorten it
    hint: nothing was sent: keep to the limit and run it again
    exit code 1
    "#);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_has_a_url_if_it_is_of_type_1_and_only_then() {
    let refused = async |more: &[&str]| {
        let done = run(200, OK, &[&["menu", "add", "news", "Help"], more].concat()).await;
        assert_eq!(done.requests.len(), 0, "{more:?}");
        done.failed()
    };
    insta::assert_snapshot!(refused(&["--type", "0", "--url", "http://a"]).await, @r#"
    error: an entry of type 0 opens no page, so it has no url
    hint: leave --type out, or say --type 1: an entry with --url is of type 1
    exit code 1
    "#);
    insta::assert_snapshot!(refused(&["--type", "1"]).await, @r#"
    error: an entry of type 1 opens a page, and none is named
    hint: name the page with --url, or leave --type out
    exit code 1
    "#);
    for (more, kind) in [
        (&["--type", "0"][..], "type=0"),
        (&["--type", "1", "--url", "http://a"], "type=1"),
        (&["--url", "http://a"], "type=1"),
        (&[], "type=0"),
    ] {
        let request = run(200, OK, &[&["menu", "add", "news", "Help"], more].concat()).await.request();
        let body = String::from_utf8(request.body).unwrap();
        assert!(body.contains(kind), "{more:?}: {body}");
    }
    let errors = refused(&["--url", "example.com/help"]).await;
    assert!(errors.contains("an address begins with http:// or https://"), "{errors}");
}
