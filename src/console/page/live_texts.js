// The texts of the live list, in English and Chinese.

import { addTexts } from "./texts.js";

addTexts({
  "live.filter": ["Filter these rows", "筛选列表"],
  "live.pause": ["Pause", "暂停"],
  "live.resume": ["Go on", "继续"],
  "live.clear": ["Clear", "清空"],
  "live.paused": ["Paused.", "已暂停。"],
  "live.blurred": ["Paused while you look elsewhere.", "您离开此页面时暂停。"],
  "live.came": ["{n} came meanwhile.", "期间有 {n} 条。"],
  "live.paused.most": ["The newest {n} of them are kept.", "保留其中最新的 {n} 条。"],
  "live.empty": ["Nothing has come yet", "还没有事件"],
  "live.empty.hint": ["New entries, and the steps of this server, appear here as they come.", "新条目和本服务器的处理步骤会实时出现在这里。"],
  "live.none": ["No row contains this.", "没有匹配的行。"],
  "event.accepted": ["accepted", "已接收"],
  "event.created": ["reply", "回复"],
  "event.begun": ["begun", "开始"],
  "event.done": ["done", "完成"],
  "event.sent": ["sent", "已发送"],
  "event.failed": ["failed", "失败"],
  "event.buried": ["dead letter", "死信"],
  "event.released": ["put back", "放回"],
  "event.kept": ["kept", "已保留"],
  "event.outdated": ["outdated", "已过时"],
  "event.attempt": ["attempt {n}", "第 {n} 次"],
});
