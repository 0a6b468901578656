//! The reasons why a step's message was not accepted or not answered, in words that say what to do.

use super::language::{Language, printable};
use crate::sandbox::{
    handling::{Handling, HandlingState, ReplyHandling, ReplyState},
    history::{Attempt, Delivery, DeliveryState, ErrorKind, ReasonKind},
    platform::WriteError,
};

/// The reason why the user of a step cannot write the message.
pub(super) fn describe_write_error(language: Language, error: &WriteError) -> String {
    let chinese = match error {
        WriteError::NoAccount(account) => format!("没有公众号 {account}"),
        WriteError::NotFromUsers(kind) => format!("用户不能发送 {kind}"),
        WriteError::UserId => "用户 ID 的长度是 1 到 200 个字符".to_owned(),
        WriteError::Busy => "正在进行的推送太多：请稍后再试".to_owned(),
        WriteError::Full(_) => "沙箱的用户数已满".to_owned(),
    };
    printable(&language.pick(error.to_string(), chinese))
}

/// The reason why the delivery was not accepted, and what to do; none if it was accepted.
pub(super) fn describe_refusal(language: Language, delivery: &Delivery) -> Option<String> {
    let (account, url) = (printable(delivery.account.as_str()), &delivery.url);
    let last = delivery.attempts.iter().rev().find(|attempt| attempt.number > 0);
    let reason = match (delivery.state, delivery.reason_kind) {
        (DeliveryState::Accepted, _) => return None,
        (_, Some(ReasonKind::NoRoute)) => language.pick(
            format!("account {account} has no routeUrl, so nothing was delivered: give it one, for example with --route-url URL"),
            format!("公众号 {account} 没有 routeUrl，未推送：请设置一个，例如用 --route-url URL"),
        ),
        (_, Some(ReasonKind::RouteOff)) => language.pick(
            format!("the route of account {account} is switched off, so nothing was delivered: switch it on"),
            format!("公众号 {account} 的消息路由已关闭，未推送：请打开它"),
        ),
        (_, Some(ReasonKind::Paused)) => language.pick(
            format!("pushing pauses after many time-outs, so nothing was delivered: make {url} answer in time"),
            format!("多次超时后推送已暂停，未推送：请让 {url} 及时应答"),
        ),
        (DeliveryState::Waiting, _) => {
            let (english, chinese) = match last {
                Some(last) => (
                    format!("; its last attempt: {}", describe_failure(Language::English, last)),
                    format!("；最近一次尝试：{}", describe_failure(Language::Chinese, last)),
                ),
                None => (String::new(), String::new()),
            };
            let id = delivery.id;
            language.pick(
                format!("{url} has not accepted it yet, delivery {id} is still in progress{english}"),
                format!("{url} 尚未接受，推送 {id} 仍在进行{chinese}"),
            )
        }
        _ => {
            let failure = last.map(|last| describe_failure(language, last)).unwrap_or_default();
            language.pick(
                format!("{url} did not accept it: {failure}"),
                format!("{url} 未接受：{failure}"),
            )
        }
    };
    Some(reason)
}

/// The reason why an attempt was not accepted, and what to do.
fn describe_failure(language: Language, attempt: &Attempt) -> String {
    let error = printable(attempt.error.as_deref().unwrap_or_default());
    let (what, remedy) = match attempt.error_kind {
        None => describe_answer(language, attempt),
        Some(ErrorKind::Timeout) => (
            language.pick(error, "未在时限内应答".to_owned()),
            language.pick("it must answer first and work afterwards", "请先应答，再处理"),
        ),
        Some(ErrorKind::Refused) => (
            language.pick("connection refused", "连接被拒绝").to_owned(),
            language.pick("is the server running?", "服务器启动了吗？"),
        ),
        Some(ErrorKind::Dns) => (
            language.pick("its name leads to no address", "域名无法解析").to_owned(),
            language.pick("is the name right?", "域名写对了吗？"),
        ),
        Some(ErrorKind::Tls) => (
            language
                .pick(format!("no secure connection ({error})"), format!("无法建立安全连接（{error}）")),
            language.pick(
                "does it speak TLS there, with a certificate that this machine trusts?",
                "该端口使用 TLS 吗？本机信任它的证书吗？",
            ),
        ),
        Some(ErrorKind::Broken) => (
            language.pick(format!("the connection broke ({error})"), format!("连接中断（{error}）")),
            language.pick("the server's log may say why", "请查看服务器日志"),
        ),
        Some(ErrorKind::Dropped) => (
            language.pick("the sandbox has dropped its answer", "沙箱丢弃了它的应答").to_owned(),
            language.pick("that is an injected fault", "这是注入的故障"),
        ),
    };
    language.pick(format!("{what}; {remedy}"), format!("{what}；{remedy}"))
}

/// The answer that the server gave in place of a 200, and what to do.
fn describe_answer(language: Language, attempt: &Attempt) -> (String, &'static str) {
    let status = attempt.status.unwrap_or_default();
    let answer = attempt.answer.lines().next().unwrap_or_default();
    let answer = if answer.is_empty() { String::new() } else { format!(" “{}”", printable(answer)) };
    let remedy = match status {
        401 | 403 => language.pick(
            "do both sides have the same App Secret, and clocks that agree?",
            "双方的 App Secret 一致吗？时钟一致吗？",
        ),
        404 | 405 => language.pick("is the path of the routeUrl right?", "routeUrl 的路径写对了吗？"),
        500.. => language.pick("the server's log may say why", "请查看服务器日志"),
        _ => language.pick("only a 200 accepts", "只有 200 表示接受"),
    };
    (
        language.pick(format!("it answered {status}{answer}"), format!("它应答了 {status}{answer}")),
        remedy,
    )
}

/// The handling of an accepted message: a line for the message, and one for each reply that was not sent.
pub(super) fn describe_handling(language: Language, delivery: &Delivery) -> Vec<String> {
    let accepted = language.pick(
        format!("{} accepted it (delivery {})", delivery.url, delivery.id),
        format!("{} 已接受（推送 {}）", delivery.url, delivery.id),
    );
    let Some(handling) = &delivery.handling else { return vec![accepted] };
    let replies = handling.replies.iter().enumerate();
    let unsent = replies.filter_map(|(index, reply)| describe_unsent(language, index + 1, reply));
    [accepted, describe_message(language, handling)].into_iter().chain(unsent).collect()
}

/// The stage that the message has reached.
fn describe_message(language: Language, handling: &Handling) -> String {
    let by = printable(handling.by.as_deref().unwrap_or_default());
    let reason = printable(handling.reason.as_deref().unwrap_or_default());
    let attempts = handling.attempts;
    match (handling.state, handling.behind) {
        (HandlingState::Waiting, Some(behind)) => language.pick(
            format!("it waits for the message of delivery {behind}, which must be done first"),
            format!("正在等待推送 {behind} 的消息先处理完"),
        ),
        (HandlingState::Waiting, None) => {
            language.pick("it waits to be handled", "正在等待处理").to_owned()
        }
        (HandlingState::Working, _) => language.pick(
            format!("its handler is still at work on it (attempt {attempts}): does it need a longer `within`?"),
            format!("处理程序仍在处理（第 {attempts} 次尝试）：`within` 是否太短？"),
        ),
        (HandlingState::Retrying, _) => language.pick(
            format!("attempt {attempts} at handling it failed, and is repeated later: {reason}"),
            format!("第 {attempts} 次处理失败，稍后重试：{reason}"),
        ),
        (HandlingState::Dead, _) => language.pick(
            format!("handling it was given up after attempt {attempts}, it is a dead letter: {reason}"),
            format!("第 {attempts} 次尝试后放弃处理，已成死信：{reason}"),
        ),
        (HandlingState::Done, _) => language.pick(
            format!("{by} has handled it, replies: {}", handling.replies.len()),
            format!("{by} 已处理，回复数：{}", handling.replies.len()),
        ),
        (HandlingState::NotTaken, _) => {
            language.pick("no rule or handler takes such a message", "没有规则或处理程序接收这种消息").to_owned()
        }
        (HandlingState::Kept, _) => language
            .pick("a person has the conversation: it is kept for them", "会话由人工接管：消息已为人工保留")
            .to_owned(),
        (HandlingState::Quiet, _) => {
            language.pick(format!("{by} is quiet for now"), format!("{by} 暂时静默"))
        }
    }
}

/// The reason why a reply was not sent; none if it was.
fn describe_unsent(language: Language, number: usize, reply: &ReplyHandling) -> Option<String> {
    let reason = printable(reply.reason.as_deref().unwrap_or_default());
    let attempts = reply.attempts;
    Some(match reply.state {
        ReplyState::Sent => return None,
        ReplyState::Waiting | ReplyState::Sending => language
            .pick(format!("reply {number} is still to be sent"), format!("第 {number} 条回复尚未发出")),
        ReplyState::Retrying => language.pick(
            format!("attempt {attempts} to send reply {number} failed, and is repeated later: {reason}"),
            format!("第 {number} 条回复第 {attempts} 次发送失败，稍后重试：{reason}"),
        ),
        ReplyState::Dead => language.pick(
            format!(
                "reply {number} was given up after attempt {attempts}, it is a dead letter: {reason}"
            ),
            format!("第 {number} 条回复在第 {attempts} 次尝试后放弃，已成死信：{reason}"),
        ),
    })
}
