// RongCloud's callbacks as jobs of BullMQ, under koa on both cores: `node koa_bullmq.js PORT`, Redis at `REDIS_PORT`.
const cluster = require('node:cluster');
const crypto = require('node:crypto');
const os = require('node:os');
const { Queue } = require('bullmq');
const { XMLParser } = require('fast-xml-parser');
const Koa = require('koa');
const { getRawBody } = require('raw-body');

const SECRET = 'bench-secret';

function isRight(query) {
  const signed = SECRET + query['rc-nonce'] + query['rc-timestamp'];
  const expected = Buffer.from(crypto.createHash('sha1').update(signed).digest('hex'));
  const given = Buffer.from(String(query['rc-signature']));
  return given.length === expected.length && crypto.timingSafeEqual(given, expected);
}

function serve(port) {
  // One connection a process, whose commands are pipelined: what waits is written at once.
  const connection = { host: '127.0.0.1', port: Number(process.env.REDIS_PORT), enableAutoPipelining: true };
  const queue = new Queue('callbacks', { connection });
  // Every value stays a text: an id of digits must not become a number.
  const parser = new XMLParser({ parseTagValue: false });
  const app = new Koa();
  app.use(async (context) => {
    if (context.method !== 'POST' || context.path !== '/callback') return;
    if (!isRight(context.query)) context.throw(401);
    const body = await getRawBody(context.req, { encoding: 'utf8', limit: '1mb', length: context.request.length });
    // The platform's documents close `<MsgId>` with `</MsgID>`, which is not well-formed XML.
    const message = parser.parse(body.replace('</MsgID>', '</MsgId>')).xml;
    if (!message?.MsgId) context.throw(400);
    // A job whose id is known is not added again.
    await queue.add(message.MsgType, message, { jobId: message.MsgId });
    context.body = '';
    context.status = 200;
  });
  app.listen(port, '127.0.0.1');
}

if (cluster.isPrimary) {
  os.cpus().forEach(() => cluster.fork());
} else {
  serve(Number(process.argv[2]));
}
