// The texts of the audit list, in English and Chinese.

import { addTexts } from "./texts.js";

addTexts({
  "audit.filters": ["Filters of the audit list", "审计筛选"],
  "audit.at": ["Time", "时间"],
  "audit.who": ["Who", "操作者"],
  "audit.action": ["Action", "操作"],
  "audit.target": ["What", "对象"],
  "audit.count": ["Entries", "条数"],
  "audit.empty": ["Nothing is noted", "没有记录"],
  "audit.empty.hint": ["Every action, and every look at texts, is noted here.", "每一次操作和每一次查看内容都会记录在这里。"],
  "audit.action.look": ["looked", "查看"],
  "audit.action.revive": ["revived", "重新处理"],
  "audit.action.discard": ["discarded", "丢弃"],
  "audit.action.take": ["took", "接管"],
  "audit.action.answer": ["answered", "回复"],
  "audit.action.hand over": ["handed over", "转人工"],
  "audit.action.hand back": ["handed back", "交还"],
  "audit.action.pause": ["paused sending", "暂停发送"],
  "audit.action.resume": ["resumed sending", "恢复发送"],
  "audit.action.take_from": ["took from {by}", "从 {by} 接手"],
  "audit.action.revive by filter": ["revived by filter", "按筛选重新处理"],
  "audit.action.discard by filter": ["discarded by filter", "按筛选丢弃"],
  "audit.action.cancel job": ["cancelled a job", "取消任务"],
  "audit.action.log in": ["logged in", "登录"],
});
