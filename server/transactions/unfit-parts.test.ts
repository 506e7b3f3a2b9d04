import { beforeAll, expect, test } from 'vitest';
import { type Authority, certificateAuthority } from '../../test/support/certificates.ts';
import { type ReceivingHome, receivingHome, says } from '../../test/support/receiving-home.ts';
import { canonicalJson } from '../protocol/canonical-json.ts';
import type { JsonObject, JsonValue } from '../protocol/json.ts';
import { parseJson } from '../protocol/parse-json.ts';
import { RefusedFromServer } from './complaints.ts';

let authority: Authority;
beforeAll(async () => {
  authority = await certificateAuthority();
});

/** What any user of an honest server may send by PUT /sendToDevice. */
const UNFIT: Record<string, string> = {
  'a message with U+0000': '{"x":"\\u0000"}',
  'a message with a key of U+0000': '{"\\u0000":0}',
  'a message with a number that no double holds': '{"x":1e999}',
  'a message nested 1,500 deep': `{"x":${'['.repeat(1_500)}${']'.repeat(1_500)}}`,
  'a message nested 900,000 deep': `{"x":${'['.repeat(900_000)}${']'.repeat(900_000)}}`,
};

test.each(Object.entries(UNFIT))(
  '%s is left out, and all beside it is taken',
  async (_what, bad) => {
    const shared = await receivingHome(authority);
    await shared.sync();
    const { pdu, eventId } = await shared.event(says(shared.bob, 'beside'));
    const edus = [
      message(shared, 'a', '{"n":1}'),
      message(shared, 'b', bad),
      message(shared, 'c', '{"n":2}'),
    ];
    expect(await sendText(shared, [pdu], edus)).toEqual({
      ...{ status: 200, body: { pdus: { [eventId]: {} } } },
    });
    expect(await messages(shared)).toEqual([{ n: 1 }, { n: 2 }]);
    expect(await shared.bodies()).toEqual(['beside']);
    expect(shared.home.reported).toEqual([expect.any(RefusedFromServer)]);
  },
);

test('an event nested 1,500 deep is left out, and all beside it is taken', async () => {
  const shared = await receivingHome(authority);
  const { pdu, eventId } = await shared.event(says(shared.bob, 'beside'));
  const deep = { ...pdu, content: nested(1_500) };
  const reply = await shared.peer.sendsText(
    at(shared),
    'deep',
    JSON.stringify({ edus: [], pdus: [deep, pdu] }),
  );
  expect(reply).toEqual({ status: 200, body: { pdus: { [eventId]: {} } } });
  expect(await shared.bodies()).toEqual(['beside']);
});

test('messages nested 300 deep, of many values, or with numbers that a double changes are delivered as they are', async () => {
  const shared = await receivingHome(authority);
  await shared.sync();
  const deep = JSON.stringify(nested(300));
  const many = JSON.stringify({ x: Array(1_000).fill(0) });
  const edus = [
    '{"x":1.0}',
    '{"x":1e-07}',
    '{"x":9223372036854775807}',
    deep,
    ...Array(96).fill(many),
  ];
  const sent = edus.map((text, index) => message(shared, `m${index}`, text));
  expect((await sendText(shared, [], sent)).status).toBe(200);
  const told = await messages(shared);
  expect(told.slice(0, 4)).toEqual(edus.slice(0, 4).map((text) => JSON.parse(text)));
  expect(told).toHaveLength(100);
});

test('a request whose numbers are written in another way than we write them is known by its text', async () => {
  const shared = await receivingHome(authority);
  for (const number of ['1.0', '1e3', '1E+2', '0.00001', '1152921504606846976', '-0'])
    expect((await sendText(shared, [], [message(shared, number, `{"x":${number}}`)])).status).toBe(
      200,
    );
});

test('in a room of version 5 an event with a float is kept with its content', async () => {
  const shared = await receivingHome(authority, { room_version: '5' });
  const content = parseJson('{"body":"float","x":1.0,"y":1e3}') as JsonObject;
  const { pdu, eventId } = await shared.event({ ...says(shared.bob), content });
  expect(canonicalJson(pdu, 'as-found')).toContain('"x":1.0');
  expect((await shared.send(shared.peer, { pdus: [pdu] })).body).toEqual({
    pdus: { [eventId]: {} },
  });
  expect(await shared.bodies()).toEqual(['float']);
});

const at = ({ home, name }: ReceivingHome) => ({ origin: home.server.origin, name });

let sent = 0;

const sendText = (shared: ReceivingHome, pdus: readonly JsonObject[], edus: readonly string[]) =>
  shared.peer.sendsText(
    at(shared),
    `text${++sent}`,
    `{"edus":[${edus}],"origin":"${shared.peer.name}","origin_server_ts":1,"pdus":[${pdus.map((pdu) => canonicalJson(pdu, 'as-found'))}]}`,
  );

const message = ({ bob, name }: ReceivingHome, id: string, content: string): string =>
  `{"content":{"message_id":"${id}","messages":{"@alice:${name}":{"*":${content}}},"sender":"${bob}","type":"m.test"},"edu_type":"m.direct_to_device"}`;

async function messages(shared: ReceivingHome): Promise<JsonValue[]> {
  const { to_device } = await shared.sync();
  return (to_device?.events ?? []).map(({ content }: { content: JsonValue }) => content);
}

function nested(depth: number): JsonObject {
  let value: JsonValue = 'x';
  for (let level = 0; level < depth; level++) value = { a: value };
  return value as JsonObject;
}
