"""RongCloud's callbacks kept in SQLite by FastAPI: `uvicorn fastapi_sqlite:app`, the file in `SQLITE_FILE`."""

import contextlib
import hashlib
import hmac
import os
from xml.etree import ElementTree

import aiosqlite
from fastapi import FastAPI, HTTPException, Request, Response

SECRET = "bench-secret"
TABLE = """create table if not exists callbacks (id text primary key, account text not null, sender text not null,
           sent_at integer not null, kind text not null, content text) without rowid"""
INSERT = "insert or ignore into callbacks values (?, ?, ?, ?, ?, ?)"
COLUMNS = ["MsgId", "ToUserName", "FromUserName", "CreateTime", "MsgType", "Content"]


@contextlib.asynccontextmanager
async def lifespan(app):
    # One connection a worker. The workers wait for each other's transaction up to the timeout.
    async with aiosqlite.connect(os.environ["SQLITE_FILE"], timeout=30) as database:
        await database.execute("pragma journal_mode = wal")
        await database.execute("pragma synchronous = full")
        await database.execute(TABLE)
        await database.commit()
        app.state.database = database
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/callback")
async def receive(request: Request):
    query = request.query_params
    signed = SECRET + query["rc-nonce"] + query["rc-timestamp"]
    if not hmac.compare_digest(hashlib.sha1(signed.encode()).hexdigest(), query["rc-signature"]):
        raise HTTPException(401)
    # The platform's documents close `<MsgId>` with `</MsgID>`, which is not well-formed XML.
    message = ElementTree.fromstring((await request.body()).replace(b"</MsgID>", b"</MsgId>"))
    database = app.state.database
    # aiosqlite runs the statements of all requests in one thread: a commit takes with it what others have inserted.
    await database.execute(INSERT, [message.findtext(name) for name in COLUMNS])
    await database.commit()
    return Response()
