// co-wechat under koa on both cores, answering every message with an empty reply.
const cluster = require('node:cluster');
const os = require('node:os');
const Koa = require('koa');
const wechat = require('co-wechat');

if (cluster.isPrimary) {
  os.cpus().forEach(() => cluster.fork());
} else {
  const app = new Koa();
  app.use(wechat({ token: 'bench-token' }).middleware(async () => ''));
  app.listen(Number(process.argv[2]), '127.0.0.1');
}
