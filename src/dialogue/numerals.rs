//! Numbers as users write them: 1, １, ①, 一.

/// Folds the full-width forms of a text to their ordinary ones, and upper case to lower case.
pub(super) fn fold(text: &str) -> String {
    let narrow = text.chars().map(|char| match char {
        '\u{3000}' => ' ',
        '！'..='～' => char::from_u32(u32::from(char) - 0xfee0).unwrap_or(char),
        _ => char,
    });
    narrow.flat_map(char::to_lowercase).collect()
}

/// Reads a number from 1 to 99 in a folded text: digits, one circled digit, or a Chinese numeral.
pub(super) fn read_number(text: &str) -> Option<usize> {
    if !text.is_empty() && text.len() <= 2 && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return text.parse().ok();
    }
    let mut chars = text.chars();
    if let (Some(char), None) = (chars.next(), chars.next())
        && let Some(number) = enclosed(char)
    {
        return Some(number);
    }
    match text.split_once('十') {
        Some((tens, ones)) => {
            let tens = if tens.is_empty() { 1 } else { digit(tens)? };
            let ones = if ones.is_empty() { 0 } else { digit(ones)? };
            Some(10 * tens + ones)
        }
        None => digit(text),
    }
}

/// The number from 1 to 20 of a character such as ①, ⑴ or ⒈.
fn enclosed(char: char) -> Option<usize> {
    let firsts = ['①', '⑴', '⒈'].map(u32::from);
    let first = firsts.into_iter().find(|first| (*first..first + 20).contains(&u32::from(char)))?;
    usize::try_from(u32::from(char) - first + 1).ok()
}

/// The number from 1 to 9 of a Chinese numeral.
fn digit(text: &str) -> Option<usize> {
    const DIGITS: [&str; 9] = ["一", "二", "三", "四", "五", "六", "七", "八", "九"];
    let text = if text == "两" { "二" } else { text };
    DIGITS.iter().position(|digit| *digit == text).map(|at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_in_every_form_that_users_write() {
        for (number, forms) in [
            (1, &["1", "01", "１", "①", "⑴", "⒈", "一"][..]),
            (2, &["2", "二", "两"]),
            (9, &["9", "九", "⑨"]),
            (10, &["10", "１０", "十", "一十", "⑩"]),
            (12, &["12", "十二", "一十二", "⑫"]),
            (19, &["19", "十九", "⑲"]),
            (20, &["20", "二十", "⑳", "⒇", "⒛"]),
            (21, &["21", "二十一"]),
            (99, &["99", "九十九"]),
        ] {
            for form in forms {
                assert_eq!(read_number(&fold(form)), Some(number), "{form}");
            }
        }
        for other in ["", "x", "一二", "十十", "1a", "-1", "+1", "1.5", "100", "百", "㉑", "两两", "①①"]
        {
            assert_eq!(read_number(&fold(other)), None, "{other}");
        }
    }

    #[test]
    fn width_and_case_are_folded() {
        assert_eq!(fold("ＡＢ（１２）！～　x"), "ab(12)!~ x");
    }
}
