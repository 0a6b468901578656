//! `account`: each call as the document has it.

use serde_json::Value;

use super::{
    calls::{check, run},
    help::help,
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

#[test]
#[expect(clippy::too_many_lines, reason = "snapshots")]
fn it_explains_itself() {
    insta::assert_snapshot!(help(&["account"]), @r#"
    Creates, changes and looks at public accounts, and says where their messages go

    Usage: rongcloud-callback account [OPTIONS] <COMMAND>

    Commands:
      create     Creates an account
      update     Changes what users see of an account, all of it
      show       Prints an account as the platform has it
      set-route  Says where the platform posts what users write to an account
      route      Switches that posting on or off
      help       Print this message or the help of the given subcommand(s)

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
    insta::assert_snapshot!(help(&["account", "create"]), @r#"
    Creates an account

    Usage: rongcloud-callback account create [OPTIONS] --name <NAME> --portrait-url <URL> --introduction <TEXT> --route-url <URL> <ACCOUNT>

    Arguments:
      <ACCOUNT>
              The account's id (mcid), unique within the app

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --name <NAME>
              The name that users see

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

          --portrait-url <URL>
              The address of its picture

          --introduction <TEXT>
              A description

          --ui-type <NUMBER>
              How it is shown; 0 is in the list of conversations
              
              [default: 0]

          --route-url <URL>
              Where the platform posts what users write to it: the routeUrl

          --followed-by-all
              Every user of the app follows it

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
    insta::assert_snapshot!(help(&["account", "update"]), @r#"
    Changes what users see of an account, all of it

    Usage: rongcloud-callback account update [OPTIONS] --name <NAME> --portrait-url <URL> --introduction <TEXT> <ACCOUNT>

    Arguments:
      <ACCOUNT>
              The account's id (mcid), unique within the app

    Options:
          --config <FILE>
              Configuration file [default: $RONGCLOUD_CALLBACK_CONFIG, else the built-in one]
              
              The built-in configuration serves one app: RC_APP_KEY, RC_APP_SECRET and RC_API_URL from the environment.

          --name <NAME>
              The name that users see

          --log-level <LEVEL>
              What is logged: a level such as debug, or levels of parts [default: $RUST_LOG, else log.level of the configuration]
              
              Parts are named as in "rongcloud_callback=debug,warn". Commands that end by themselves log only if they are asked to.

          --portrait-url <URL>
              The address of its picture

          --introduction <TEXT>
              A description

          --ui-type <NUMBER>
              How it is shown; 0 is in the list of conversations
              
              [default: 0]

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
    insta::assert_snapshot!(help(&["account", "show"]), @r#"
    Prints an account as the platform has it

    Usage: rongcloud-callback account show [OPTIONS] <ACCOUNT>

    Arguments:
      <ACCOUNT>
              The account's id (mcid)

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
    insta::assert_snapshot!(help(&["account", "set-route"]), @r#"
    Says where the platform posts what users write to an account

    Usage: rongcloud-callback account set-route [OPTIONS] <ACCOUNT> <URL>

    Arguments:
      <ACCOUNT>
              The account's id (mcid)

      <URL>
              The routeUrl: the address of a callback server and the path of the app

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
    insta::assert_snapshot!(help(&["account", "route"]), @r#"
    Switches that posting on or off

    Usage: rongcloud-callback account route [OPTIONS] <SWITCH> <ACCOUNT>

    Arguments:
      <SWITCH>
              Whether the platform posts
              
              [possible values: on, off]

      <ACCOUNT>
              The account's id (mcid)

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
