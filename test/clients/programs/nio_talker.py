"""Somebody with matrix-nio who joins where they are invited: says there what it reads, one JSON string a line, and tells what it hears."""

import asyncio
import json
import sys
from uuid import uuid4

from nio import AsyncClient, AsyncClientConfig, InviteMemberEvent, MegolmEvent, RoomMessageText, RoomSendResponse

from told import now, tell


class Talker:
    def __init__(self, url, user, store):
        config = AsyncClientConfig(encryption_enabled=True, store_sync_tokens=True)
        self.client = AsyncClient(url, user, store_path=store, config=config)
        self.client.add_event_callback(self.join, InviteMemberEvent)
        self.client.add_event_callback(self.read, RoomMessageText)
        self.client.add_event_callback(self.fail_to_read, MegolmEvent)

    async def join(self, room, event):
        if event.membership == "invite" and event.state_key == self.client.user_id:
            await self.client.join(room.room_id)

    async def read(self, room, event):
        if event.sender != self.client.user_id:
            tell(heard=event.body, sender=event.sender)

    async def fail_to_read(self, room, event):
        tell(unreadable=event.event_id, sender=event.sender)

    async def room_of(self, people):
        """The one room, as soon as it is known to be encrypted and all of them are seen in it."""
        while True:
            for room in self.client.rooms.values():
                if room.encrypted and room.member_count == people:
                    return room.room_id
            await self.client.synced.wait()

    async def say(self, room, body):
        """Until it is acknowledged, as whoever presses "try again" does: as the same transaction."""
        transaction, asked = str(uuid4()), now()
        content = {"msgtype": "m.text", "body": body}
        while True:
            sent = await self.client.room_send(room, "m.room.message", content, transaction, ignore_unverified_devices=True)
            if isinstance(sent, RoomSendResponse):
                return tell(said=body, asked=asked)
            if sent.transport_response.status < 500:
                raise RuntimeError(f"{type(sent).__name__}: {sent}")
            tell(again=body, status=sent.transport_response.status)
            await asyncio.sleep(1)

    async def talk(self, people):
        loop = asyncio.get_running_loop()
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            await self.say(await self.room_of(people), json.loads(line))


async def main(url, user, password, store, people):
    talker = Talker(url, user, store)
    await talker.client.login(password)
    syncing = asyncio.create_task(talker.client.sync_forever(timeout=30_000, full_state=True))
    await talker.client.synced.wait()
    tell(ready=talker.client.device_id)
    talking = asyncio.create_task(talker.talk(int(people)))
    done, _ = await asyncio.wait([syncing, talking], return_when=asyncio.FIRST_COMPLETED)
    for each in done:
        each.result()
    syncing.cancel()
    await talker.client.close()


asyncio.run(main(*sys.argv[1:]))
