"""wechatpy, answering every message with an empty reply: `uvicorn wechatpy_app:app`."""

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Route
from wechatpy import parse_message
from wechatpy.exceptions import InvalidSignatureException
from wechatpy.utils import check_signature


async def receive(request):
    query = request.query_params
    try:
        check_signature("bench-token", query["signature"], query["timestamp"], query["nonce"])
    except InvalidSignatureException as error:
        raise HTTPException(401) from error
    parse_message(await request.body())
    return Response()


app = Starlette(routes=[Route("/", receive, methods=["POST"])])
