//! `menu`: each call as the document has it.

use super::{
    calls::{OK, check, check_edited, run},
    help::help,
};

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
    below:
    "#);
    let parent = "432531b2155040c0a425bd5962f7ec67";
    let add = ["menu", "add", "whtest", "测试1", "--url", "http://www.baidu.com", "--below", parent];
    // The example has a url and says that it is not opened.
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
    error: menu name in characters is 11, outside 1 to 10
    hint: nothing was sent: keep to the limit and run it again
    exit code 1
    "#);
}

#[test]
#[expect(clippy::too_many_lines, reason = "snapshots")]
fn it_explains_itself() {
    insta::assert_snapshot!(help(&["menu"]), @r#"
    Changes the menus of public accounts

    Usage: rongcloud-callback menu [OPTIONS] <COMMAND>

    Commands:
      add      Adds an entry to an account's menu
      delete   Deletes an entry of an account's menu
      reorder  Puts entries of one level, or below the same entry, into the order in which they are named
      help     Print this message or the help of the given subcommand(s)

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

      -h, --help
              Print help (see a summary with '-h')

    For every call:
          --app <KEY>
              The app (App Key) to do it for; not needed where there is one

          --json
              Prints JSON, for scripts

          --dry-run
              Prints the request, with its secrets masked, instead of sending it
    "#);
    insta::assert_snapshot!(help(&["menu", "add"]), @r#"
    Adds an entry to an account's menu

    Usage: rongcloud-callback menu add [OPTIONS] <ACCOUNT> <NAME>

    Arguments:
      <ACCOUNT>
              The account's id (mcid)

      <NAME>
              What the entry says, at most 10 characters

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --url <URL>
              The page that it opens; without one it does nothing

          --below <MENU>
              The entry of level 1 that it is below; without one it is of level 1 itself

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

      -h, --help
              Print help (see a summary with '-h')

    For every call:
          --app <KEY>
              The app (App Key) to do it for; not needed where there is one

          --json
              Prints JSON, for scripts

          --dry-run
              Prints the request, with its secrets masked, instead of sending it
    "#);
    insta::assert_snapshot!(help(&["menu", "delete"]), @r#"
    Deletes an entry of an account's menu

    Usage: rongcloud-callback menu delete [OPTIONS] <ACCOUNT> <MENU>

    Arguments:
      <ACCOUNT>
              The account's id (mcid)

      <MENU>
              The entry's id, as `add` prints it

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

      -h, --help
              Print help (see a summary with '-h')

    For every call:
          --app <KEY>
              The app (App Key) to do it for; not needed where there is one

          --json
              Prints JSON, for scripts

          --dry-run
              Prints the request, with its secrets masked, instead of sending it
    "#);
    insta::assert_snapshot!(help(&["menu", "reorder"]), @r#"
    Puts entries of one level, or below the same entry, into the order in which they are named

    Usage: rongcloud-callback menu reorder [OPTIONS] <MENU>...

    Arguments:
      <MENU>...
              The entries' ids, as `add` prints them

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

      -h, --help
              Print help (see a summary with '-h')

    For every call:
          --app <KEY>
              The app (App Key) to do it for; not needed where there is one

          --json
              Prints JSON, for scripts

          --dry-run
              Prints the request, with its secrets masked, instead of sending it
    "#);
}
