//! Authentic bodies of every shape: accepted, or kept as dead letters with the reason.

use std::fmt::Write;

use rongcloud_callback::journal::State;

use crate::support::http::post;

use super::setup::{TestServer, fresh_query, text};

/// Asserts that every body is answered with 400 and kept as it came, with a reason.
async fn assert_kept_as_dead_letters(bodies: &[Vec<u8>]) {
    let server = TestServer::start().await;
    for body in bodies {
        let answer = server.deliver(body).await;
        let message = answer.assert_error(400, 1002);
        let dead = server.inbox(State::Dead).await;
        let letter = dead.last().unwrap();
        assert_eq!(letter.body, *body, "{message}");
        assert_eq!(letter.reason.as_deref(), Some(message.as_str()));
    }
    assert_eq!(server.inbox(State::Dead).await.len(), bodies.len());
    assert!(server.inbox(State::Pending).await.is_empty());
}

/// Asserts that every body is accepted, all as different messages.
async fn assert_accepted(bodies: &[Vec<u8>]) {
    let server = TestServer::start().await;
    for body in bodies {
        server.deliver(body).await.assert_ack();
    }
    assert_eq!(server.inbox(State::Pending).await.len(), bodies.len());
    assert!(server.inbox(State::Dead).await.is_empty());
}

#[tokio::test]
async fn an_empty_body_is_kept() {
    assert_kept_as_dead_letters(&[Vec::new(), b" \r\n".to_vec()]).await;
}

#[tokio::test]
async fn a_message_cut_at_any_byte_is_kept() {
    let whole = text("用户", "1", "你好").into_bytes();
    let cut: Vec<Vec<u8>> = (0..whole.len()).map(|end| whole[..end].to_vec()).collect();
    assert_kept_as_dead_letters(&cut).await;
}

#[tokio::test]
async fn a_byte_order_mark_a_declaration_and_white_space_are_no_obstacle() {
    assert_accepted(&[
        [b"\xef\xbb\xbf".as_slice(), text("user", "1", "hello").as_bytes()].concat(),
        [
            b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\r\n".as_slice(),
            text("user", "2", "hi").as_bytes(),
        ]
        .concat(),
        text("user", "3", "hello").replace("><", ">\r\n\t<").replace(">\r\n\t<!", "><!").into_bytes(),
    ])
    .await;
}

#[tokio::test]
async fn text_may_be_cdata_in_pieces_or_escaped_or_both() {
    let with_content = |id: &str, content: &str| {
        text("user", id, "")
            .replace("<Content><![CDATA[]]>", &format!("<Content>{content}"))
            .into_bytes()
    };
    assert_accepted(&[
        with_content("1", "<![CDATA[he]]><![CDATA[llo]]>"),
        with_content("2", "<![CDATA[a]]]]><![CDATA[>b]]>"),
        with_content("3", "a &lt; b &amp; c &#x4f60;"),
        with_content("4", "a &lt; <![CDATA[b & c]]> &#20320;"),
        with_content("5", ""),
    ])
    .await;
}

#[tokio::test]
async fn another_charset_is_kept() {
    let utf16: Vec<u8> = text("user", "1", "hello").encode_utf16().flat_map(u16::to_le_bytes).collect();
    let gbk = [
        b"<?xml version=\"1.0\" encoding=\"GBK\"?>".as_slice(),
        &text("user", "1", "@")
            .into_bytes()
            .split(|&byte| byte == b'@')
            .collect::<Vec<_>>()
            .join([0xc4_u8, 0xe3, 0xba, 0xc3].as_slice()),
    ]
    .concat();
    let broken = text("user", "1", "hello")
        .into_bytes()
        .iter()
        .map(|b| if *b == b'o' { 0xff } else { *b })
        .collect();
    assert_kept_as_dead_letters(&[[b"\xff\xfe".as_slice(), &utf16].concat(), utf16, gbk, broken]).await;
}

#[tokio::test]
async fn a_document_type_and_its_entities_are_not_read() {
    let message = text("user", "1", "hello");
    let entities = [
        "<!DOCTYPE xml>".to_owned(),
        "<!DOCTYPE xml SYSTEM \"file:///etc/passwd\">".to_owned(),
        "<!DOCTYPE xml [<!ENTITY a \"aaaa\"><!ENTITY b \"&a;&a;\"><!ENTITY c \"&b;&b;\">]>".to_owned(),
    ];
    let bodies: Vec<Vec<u8>> =
        entities.iter().map(|dtd| format!("{dtd}{message}").into_bytes()).collect();
    assert_kept_as_dead_letters(&bodies).await;
}

#[tokio::test]
async fn too_deep_and_too_wide_a_document_is_kept() {
    let deep = format!("<xml><a>{}{}</a></xml>", "<b>".repeat(5000), "</b>".repeat(5000));
    let unclosed = "<a>".repeat(20_000);
    let many = (0..5000).map(|n| format!("<a{n}/>")).collect::<Vec<_>>().concat();
    let wide = text("user", "1", "hello").replace("</xml>", &format!("{many}</xml>"));
    assert_kept_as_dead_letters(&[deep.into_bytes(), unclosed.into_bytes(), wide.into_bytes()]).await;
}

#[tokio::test]
async fn what_is_not_xml_is_kept() {
    assert_kept_as_dead_letters(&[
        b"{\"MsgType\":\"text\"}".to_vec(),
        b"ToUserName=mcid&MsgType=text".to_vec(),
        vec![0; 1000],
        (0..=255).collect(),
        b"<xml/>".to_vec(),
        b"<xml></xml><xml></xml>".to_vec(),
    ])
    .await;
}

#[tokio::test]
async fn a_mebibyte_is_refused_by_its_length_before_any_of_it_is_sent() {
    let server = TestServer::start().await;
    let target = format!("/callback?{}", fresh_query());
    let head = format!("POST {target} HTTP/1.1\r\nhost: test\r\ncontent-length: 1048576\r\n\r\n");
    let mut connection = server.connect().await;
    connection.ask(head).await.assert_error(413, 1002);
    assert_eq!(connection.closed().await, "");
}

#[tokio::test]
async fn a_client_that_goes_on_sending_what_was_refused_is_heard_out_and_not_reset() {
    let server = TestServer::start().await;
    let request = post(&format!("/callback?{}", fresh_query()), vec![b'x'; 1 << 20]);
    let mut pieces = request.chunks(4096).take(100);
    let mut connection = server.connect().await;
    connection.send(pieces.next().unwrap()).await.unwrap();
    while connection.is_silent() {
        tokio::task::yield_now().await;
    }
    for piece in pieces {
        connection.send(piece).await.unwrap();
        tokio::task::yield_now().await;
    }
    connection.answer().await.assert_error(413, 1002);
    assert_eq!(connection.closed().await, "");
    assert!(server.inbox(State::Dead).await.is_empty());
}

#[tokio::test]
async fn a_client_that_looks_for_an_answer_only_after_it_has_sent_megabytes_finds_it() {
    let server = TestServer::start().await;
    let right = fresh_query();
    for (target, status) in [
        (format!("/callback?{right}"), 413),
        ("/callback?rc-nonce=1".to_owned(), 401),
        (format!("/callback/?{right}"), 404),
    ] {
        let mut connection = server.connect().await;
        connection.send(post(&target, vec![b'x'; 24 << 20])).await.unwrap();
        assert_eq!(connection.answer().await.status, status);
        assert_eq!(connection.closed().await, "");
    }
}

#[tokio::test]
async fn a_body_without_end_is_not_heard_out_for_ever() {
    let server = TestServer::start().await;
    let mut connection = server.connect().await;
    let head = "HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";
    connection.send(format!("POST /callback?rc-nonce=1 {head}")).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
    while connection.send(&chunk).await.is_ok() {}
}

#[tokio::test]
async fn an_id_beyond_512_bytes_is_kept_and_not_accepted_and_the_answer_names_it() {
    let server = TestServer::start().await;
    let long = "用".repeat(171);
    let whole = text("user", "1", "hello");
    for (from, to, element) in [
        ("[user]", format!("[{long}]"), "FromUserName"),
        ("[mcid]", format!("[{long}]"), "ToUserName"),
        ("<MsgId>1", format!("<MsgId>{long}"), "MsgId"),
        ("[text]", format!("[{long}]"), "MsgType"),
        ("[text]]></MsgType>", format!("[event]]></MsgType><Event>{long}</Event>"), "Event"),
    ] {
        let body = whole.replace(from, &to);
        assert_ne!(body, whole);
        let message = server.deliver(&body).await.assert_error(400, 1002);
        assert!(message.contains(&format!("<{element}>")) && message.contains("512"), "{message}");
        let letters = server.inbox(State::Dead).await;
        let letter = letters.last().unwrap();
        assert_eq!(letter.body, body.as_bytes());
        assert_eq!(letter.reason.as_deref(), Some(message.as_str()));
        assert!(letter.conversation.len() < 200);
    }
    assert_eq!(server.inbox(State::Dead).await.len(), 5);
    server.deliver(text(&"u".repeat(512), &"m".repeat(512), "hello")).await.assert_ack();
}

#[tokio::test]
async fn a_mebibyte_in_chunks_is_refused_when_it_has_become_too_much() {
    let server = TestServer::start().await;
    let mut connection = server.connect().await;
    let head = "HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";
    connection.send(format!("POST /callback?{} {head}", fresh_query())).await.unwrap();
    let chunk = format!("400\r\n{}\r\n", "x".repeat(1024));
    for _ in 0..1024 {
        if connection.send(&chunk).await.is_err() {
            break;
        }
    }
    let message = connection.answer().await.assert_error(413, 1002);
    assert!(message.contains("65536 bytes"), "{message}");
}

#[tokio::test]
async fn a_message_in_chunks_is_accepted() {
    let server = TestServer::start().await;
    let body = text("user", "1", "hello");
    let mut chunks = String::new();
    for chunk in body.as_bytes().chunks(7) {
        write!(chunks, "{:x}\r\n{}\r\n", chunk.len(), str::from_utf8(chunk).unwrap()).unwrap();
    }
    let head = "HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n";
    let request = format!("POST /callback?{} {head}{chunks}0\r\n\r\n", fresh_query());
    server.ask(request).await.assert_ack();
    assert_eq!(server.inbox(State::Pending).await[0].body, body.as_bytes());
}
