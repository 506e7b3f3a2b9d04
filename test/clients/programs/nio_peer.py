"""A person who uses matrix-nio: does what it reads, one JSON object a line, and answers with another."""

import asyncio
import json
import sys
from base64 import b64decode, b64encode
from io import BytesIO

from nio import AsyncClient, AsyncClientConfig, RoomEncryptedImage, RoomMessageText
from nio.crypto.attachments import decrypt_attachment


class Person:
    def __init__(self, url, user, store):
        config = AsyncClientConfig(encryption_enabled=True, store_sync_tokens=True)
        self.client = AsyncClient(url, user, store_path=store, config=config)
        self.client.add_event_callback(self.read, RoomMessageText)
        self.client.add_event_callback(self.look, RoomEncryptedImage)
        self.said = []
        self.shown = []
        self.news = asyncio.Condition()

    async def read(self, room, event):
        self.said.append({"room": room.room_id, "body": event.body, "decrypted": event.decrypted})

    async def look(self, room, event):
        self.shown.append((room.room_id, event))

    async def live(self):
        """As `sync_forever` does, but whoever waits is told of each turn."""
        while True:
            told(await self.client.sync(timeout=30_000, full_state=False))
            for work in (self.upload, self.query, self.send_out):
                await work()
            async with self.news:
                self.news.notify_all()

    async def upload(self):
        if self.client.should_upload_keys:
            told(await self.client.keys_upload())

    async def query(self):
        if self.client.should_query_keys:
            told(await self.client.keys_query())

    async def send_out(self):
        await self.client.send_to_device_messages()

    async def until(self, condition):
        async with self.news:
            await self.news.wait_for(condition)

    async def login(self, password):
        told(await self.client.login(password, device_name=""))
        told(await self.client.sync(timeout=0, full_state=True))
        await self.upload()
        self.turning = asyncio.create_task(self.live())
        return {"user_id": self.client.user_id, "device_id": self.client.device_id}

    async def create(self, invite):
        encryption = {"type": "m.room.encryption", "state_key": "", "content": {"algorithm": "m.megolm.v1.aes-sha2"}}
        made = told(await self.client.room_create(invite=invite, initial_state=[encryption]))
        await self.until(lambda: made.room_id in self.client.rooms)
        return {"room_id": made.room_id}

    async def join(self, room):
        await self.until(lambda: room in self.client.invited_rooms)
        told(await self.client.join(room))
        await self.until(lambda: room in self.client.rooms)

    async def send(self, room, body):
        return await self.send_to(room, 2, {"msgtype": "m.text", "body": body})

    async def send_to(self, room, people, content):
        def is_ready():
            known = self.client.rooms[room]
            return known.encrypted and known.member_count == people
        await self.until(is_ready)
        sent = await self.client.room_send(room, "m.room.message", content, ignore_unverified_devices=True)
        return {"event_id": told(sent).event_id}

    async def show(self, room, people, name, picture):
        """A picture, as base64: the server has it encrypted."""
        plain = b64decode(picture)
        sent, keys = await self.client.upload(BytesIO(plain), "image/png", name, encrypt=True, filesize=len(plain))
        file = {"url": told(sent).content_uri, **keys}
        info = {"mimetype": "image/png", "size": len(plain)}
        return await self.send_to(room, people, {"msgtype": "m.image", "body": name, "info": info, "file": file})

    async def see(self, room, name):
        def seen():
            return [event for where, event in self.shown if where == room and event.body == name]
        await self.until(seen)
        event = seen()[0]
        given = told(await self.client.download(mxc=event.url))
        picture = decrypt_attachment(given.body, event.key["k"], event.hashes["sha256"], event.iv)
        return {"picture": b64encode(picture).decode()}

    async def hear(self, room, body):
        def heard():
            return [each for each in self.said if each["room"] == room and each["body"] == body]
        await self.until(heard)
        return {"decrypted": heard()[0]["decrypted"]}

    async def devices(self):
        return {"devices": [each.id for each in told(await self.client.devices()).devices]}

    async def logout(self):
        self.turning.cancel()
        told(await self.client.logout())
        await self.client.close()


def told(response):
    """nio gives refusals back as values."""
    if type(response).__name__.endswith("Error"):
        raise RuntimeError(f"{type(response).__name__}: {response}")
    return response


async def main(url, user, store):
    person = Person(url, user, store)
    loop = asyncio.get_running_loop()
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        asked = json.loads(line)
        try:
            answer = await asyncio.wait_for(getattr(person, asked.pop("do"))(**asked), 120)
        except Exception as refusal:
            answer = {"refusal": repr(refusal)}
        print(json.dumps(answer or {}), flush=True)


asyncio.run(main(*sys.argv[1:]))
