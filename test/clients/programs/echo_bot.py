"""A bot as simplematrixbotlib's own guide has it: joins where it is invited, and says after people what they tell it."""

import sys

import simplematrixbotlib as botlib

from told import now, tell

url, user, password, folder = sys.argv[1:]
creds = botlib.Creds(url, user, password, session_stored_file=f"{folder}/session")
config = botlib.Config()
config.encryption_enabled = True
config.ignore_unverified_devices = True
# Unless told it ends at the first connection that breaks, and hears nothing of what was said before it is started again.
config.max_timeouts = 1_000_000
config.store_path = f"{folder}/store/"
bot = botlib.Bot(creds, config)


@bot.listener.on_message_event
async def echo(room, message):
    match = botlib.MessageMatch(room, message, bot, "!")
    if not match.is_not_from_this_bot():
        return
    tell(heard=message.body, sender=message.sender)
    if match.prefix() and match.command("echo"):
        answer, asked = " ".join(match.args()), now()
        await bot.api.send_text_message(room.room_id, answer)
        tell(said=answer, asked=asked)


bot.run()
