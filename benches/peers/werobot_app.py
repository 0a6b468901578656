"""WeRoBot, answering every message with an empty reply: `gunicorn werobot_app:application`."""

import werobot

robot = werobot.WeRoBot(token="bench-token", enable_session=False)
# It warns of every empty reply.
robot.logger.setLevel("ERROR")


@robot.handler
def empty(message):
    return ""


application = robot.wsgi
