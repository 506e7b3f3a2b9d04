"""A bot as simplematrixbotlib's own guide has it: joins where it is invited, and says after people what they tell it."""

import sys

import simplematrixbotlib as botlib

url, user, password, folder = sys.argv[1:]
creds = botlib.Creds(url, user, password, session_stored_file=f"{folder}/session")
config = botlib.Config()
config.encryption_enabled = True
config.ignore_unverified_devices = True
config.store_path = f"{folder}/store/"
bot = botlib.Bot(creds, config)


@bot.listener.on_message_event
async def echo(room, message):
    match = botlib.MessageMatch(room, message, bot, "!")
    if match.is_not_from_this_bot() and match.prefix() and match.command("echo"):
        await bot.api.send_text_message(room.room_id, " ".join(match.args()))


bot.run()
