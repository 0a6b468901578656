//! The documents' own examples, read and written back.

use rongcloud_callback::protocol::{
    Content, ErrCode, Event, Image, ImageText, Inbound, Location, Message, Payload, Subscribe, Text,
    Unsubscribe, Voice, parse, payload::Source,
};
use serde_json::{Value, json};

use crate::fixtures::{HttpExample, fixture, names};

fn example(heading: &str) -> Inbound {
    let body = fixture(&format!("rongcloud/{heading}/message.xml"));
    parse(body.as_bytes()).unwrap_or_else(|e| panic!("{heading}: {e}"))
}

fn message(message: Message) -> Inbound {
    inbound(Content::Message(message)).with_message_id("msgId")
}

fn inbound(content: Content) -> Inbound {
    Inbound::new("toUserName", "fromUserName", 134_223_445_860, content)
}

#[test]
fn the_messages_of_the_document_are_read() {
    let mut text = message(Message::Text(Text { content: "content".into() }));
    text.account = "toUserId".into();
    assert_eq!(example("接收消息/文本消息格式"), text);

    let image = Image { url: "this is a url".into() };
    assert_eq!(example("接收消息/图片消息格式"), message(Message::Image(image)));

    let voice = Voice { url: "this is url".into(), format: "AMR".into() };
    assert_eq!(example("接收消息/语音消息格式"), message(Message::Voice(voice)));

    let location = Location { latitude: 15.501, longitude: 142.324, label: "POI信息".into() };
    assert_eq!(example("接收消息/位置消息格式"), message(Message::Location(location)));

    let card = ImageText {
        title: "title".into(),
        description: "description".into(),
        picture_url: "picUrl".into(),
        url: "url".into(),
    };
    assert_eq!(example("接收消息/图文消息格式"), message(Message::ImageText(card)));
}

#[test]
fn the_events_of_the_document_are_read() {
    let event = |event| inbound(Content::Event(event));
    assert_eq!(example("事件推送/关注事件"), event(Event::Subscribe(Subscribe {})));
    assert_eq!(example("事件推送/取消关注事件"), event(Event::Unsubscribe(Unsubscribe {})));
}

#[test]
fn every_message_is_written_as_the_document_prints_it_and_read_back() {
    let names = names("/message.xml");
    assert_eq!(names.len(), 7);
    for name in names {
        let body = fixture(&name);
        let inbound = parse(body.as_bytes()).unwrap();
        // One example stands a column further right.
        let printed = if body.starts_with(' ') { body.replace("\n ", "\n") } else { body };
        assert_eq!(inbound.to_documented_xml(), printed.trim(), "{name}");
        assert_eq!(parse(inbound.to_xml().as_bytes()).as_ref(), Ok(&inbound), "{name}");
        let json = serde_json::to_string(&inbound).unwrap();
        assert_eq!(serde_json::from_str::<Inbound>(&json).unwrap(), inbound, "{name}");
    }
}

#[test]
fn kinds_have_the_names_that_lists_and_metrics_show() {
    let mut kinds: Vec<_> = names("/message.xml")
        .iter()
        .map(|name| parse(fixture(name).as_bytes()).unwrap().kind())
        .collect();
    kinds.sort_unstable();
    assert_eq!(kinds, ["image", "image_text", "location", "subscribe", "text", "unsubscribe", "voice"]);
}

#[test]
fn every_payload_of_the_document_is_read_kept_to_the_limits_and_written_back() {
    let mut count = 0;
    for name in names("/request.http").into_iter().filter(|name| name.starts_with("rongcloud/")) {
        let request = HttpExample::read(&name);
        if !request.path.starts_with("/message/") {
            continue;
        }
        let body: Value = serde_json::from_str(&request.body).unwrap();
        let kind = body["msgtype"].as_str().unwrap();
        let part = json!({ kind: body[kind] });
        let payload: Payload =
            serde_json::from_value(part.clone()).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(payload.msgtype(), kind, "{name}");
        assert_eq!(payload.check(), Ok(()), "{name}");
        assert_eq!(serde_json::to_value(&payload).unwrap(), part, "{name}");
        count += 1;
    }
    assert_eq!(count, 20);
}

#[test]
fn media_are_read_by_url_and_by_id() {
    let payload = |name| {
        let body: Value = serde_json::from_str(&HttpExample::read(name).body).unwrap();
        serde_json::from_value::<Payload>(json!({ "image": body["image"] })).unwrap()
    };
    let by_url = Source::Url("http://www.xxx.com/aaa.jpg".into());
    assert_eq!(payload("rongcloud/发送消息/图片消息/request.http"), Payload::image(by_url));
    let by_id = Source::MediaId("123434343443".into());
    let name = "rongcloud/发送消息-使用已上传素材发送/图片消息-使用已上传素材发送/request.http";
    assert_eq!(payload(name), Payload::image(by_id));
}

#[test]
fn every_error_of_the_document_is_a_known_code_that_is_not_worth_another_try() {
    for name in names("/error.json") {
        let answer: Value = serde_json::from_str(&fixture(&name)).unwrap();
        let code: ErrCode = serde_json::from_value(answer["errcode"].clone()).unwrap();
        assert!([ErrCode::BAD_PARAMETER, ErrCode::BAD_MEDIA_TYPE].contains(&code), "{name}: {code}");
        assert!(!code.is_retryable(), "{name}");
    }
}
