//! A form: its fields are asked for one after the other, and each answer is checked before the next question.

use std::time::Duration;

use rongcloud_callback::{CallbackService, Config, Dialogue, Reply, Text, Turn};
use serde::{Deserialize, Serialize};

/// A form that the user fills in; nobody has begun the default one.
#[derive(Debug, PartialEq, Serialize, Deserialize, Default)]
struct SignUp {
    has_begun: bool,
    /// The answers so far, in the order of [`FIELDS`].
    answers: Vec<String>,
}

impl Dialogue for SignUp {
    const NAME: &'static str = "sign-up";
    const EXPIRES: Duration = Duration::from_hours(1);

    fn expired(self) -> Reply {
        Reply::none().and("报名没有完成。回复“报名”重新填写。")
    }
}

struct Field {
    name: &'static str,
    question: &'static str,
    /// Gives the answer as it is kept, or says what is wrong with it.
    check: fn(&str) -> Result<String, &'static str>,
}

const FIELDS: [Field; 3] = [
    Field { name: "姓名", question: "请问怎么称呼？", check: name },
    Field { name: "手机", question: "请留下手机号。", check: telephone },
    Field { name: "人数", question: "一共几位？", check: persons },
];

fn name(answer: &str) -> Result<String, &'static str> {
    let is_name = (1..=20).contains(&answer.chars().count());
    if is_name { Ok(answer.to_owned()) } else { Err("名字请写 1 到 20 个字。") }
}

fn telephone(answer: &str) -> Result<String, &'static str> {
    let digits = answer.replace([' ', '-'], "");
    let is_number = digits.len() == 11 && digits.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { Ok(digits) } else { Err("手机号是 11 位数字，请再写一次。") }
}

fn persons(answer: &str) -> Result<String, &'static str> {
    match answer.trim_end_matches(['位', '人']).trim().parse::<u8>() {
        Ok(number @ 1..=10) => Ok(number.to_string()),
        _ => Err("一次可以报 1 到 10 位，请回复数字。"),
    }
}

fn sign_up(mut form: SignUp, text: &str) -> Turn<SignUp> {
    let text = text.trim();
    if !form.has_begun {
        if text != "报名" {
            return Turn::pass();
        }
        let begun = SignUp { has_begun: true, answers: Vec::new() };
        return Turn::to(begun).say(FIELDS[0].question);
    }
    match (FIELDS[form.answers.len()].check)(text) {
        Ok(answer) => form.answers.push(answer),
        Err(problem) => return Turn::stay().say(problem),
    }
    if let Some(next) = FIELDS.get(form.answers.len()) {
        return Turn::to(form).say(next.question);
    }
    let lines =
        FIELDS.iter().zip(&form.answers).map(|(field, answer)| format!("\n{}：{answer}", field.name));
    Turn::end().say(format!("报名成功！{}", lines.collect::<String>()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    CallbackService::new(Config::load(None)?)
        .dialogue(|form: SignUp, text: Text, _context| async move { sign_up(form, &text.content) })
        .on(|_: Text, _context| async { "回复“报名”参加活动。" })
        .run()
        .await?;
    Ok(())
}
