import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { canonicalJson } from './canonical-json.ts';
import { clientEvent, strippedEvent, syncEvent } from './client-event.ts';
import { isObject, type JsonObject, type JsonValue } from './json.ts';
import { parseEvent } from './parse-event.ts';
import { rulesOf } from './room-versions.ts';

/** The specification as data lies beside this repository, or it does not. */
const SPEC = join(import.meta.dirname, '../../../shared/matrix-spec');
const PDUS = join(SPEC, 'api/server-server/examples');
const EVENTS = join(SPEC, 'event-schemas/examples');
const present = existsSync(SPEC);
if (!present) console.warn(`skipped: the examples of the specification are not at ${SPEC}`);

describe.skipIf(!present)('the PDUs of the rooms pages', () => {
  test.each([
    ['pdu_v1.json', ['1', '2']],
    ['pdu_v3.json', ['3']],
    ['pdu_v4.json', ['4', '5', '6', '7', '8', '9', '10']],
    ['pdu_v4_join_membership.json', ['8', '9', '10']],
    ['pdu_v11.json', ['11']],
    ['pdu_v12.json', ['12']],
  ])('%s is an event of the versions %s', (name, versions) => {
    for (const version of versions) {
      const parsed = parseEvent(load(join(PDUS, name)) as JsonObject, rulesOf(version)!);
      expect(parsed).toMatchObject({
        ok: true,
        value: { sender: '@alice:example.com', depth: 12 },
      });
    }
  });
});

const files = present ? readdirSync(EVENTS).filter((name) => name.endsWith('.yaml')) : [];

describe.skipIf(!present)('the examples of the event schemas', () => {
  const examples = files
    .map((name): [string, JsonObject] => [name, load(join(EVENTS, name)) as JsonObject])
    .filter(([, example]) => 'event_id' in example && 'room_id' in example);

  test('there are some', () => expect(examples.length).toBeGreaterThan(40));

  test.each(examples)('%s goes into a PDU and comes back as the client event', (_, example) => {
    const parsed = parseEvent(pduFrom(example), rulesOf('11')!);
    if (!parsed.ok) throw new Error(parsed.reason);
    const { unsigned: _u, event_id: _e, room_id, ...client } = example;
    const sent = { ...client, ...(parsed.value.redacts && { redacts: parsed.value.redacts }) };
    const event_id = parsed.value.eventId;
    expect(clientEvent(parsed.value, rulesOf('11')!)).toEqual({ ...sent, event_id, room_id });
    expect(syncEvent(parsed.value, rulesOf('11')!)).toEqual({ ...sent, event_id });
  });

  test.each(['invite_room_state.json', 'knock_room_state.json'])(
    '%s is what stripped events look like',
    (name) => {
      for (const stripped of load(join(EVENTS, name)) as readonly JsonObject[]) {
        const pdu = pduFrom({ origin_server_ts: 1, room_id: '!r:example.org', ...stripped });
        const parsed = parseEvent(pdu, rulesOf('11')!);
        if (!parsed.ok) throw new Error(parsed.reason);
        expect(strippedEvent(parsed.value)).toEqual(stripped);
      }
    },
  );
});

describe.skipIf(!present)('canonical JSON', () => {
  test.each(files)('%s: reading it gives the example back', (name) => {
    const example = load(join(EVENTS, name));
    expect(JSON.parse(canonicalJson(example, 'as-found'))).toEqual(example);
  });
});

function pduFrom({ event_id: _, ...event }: JsonObject): JsonObject {
  return { ...event, depth: 1, prev_events: [], auth_events: [], hashes: {}, signatures: {} };
}

/** YAML is JSON's superset. `$ref` and `allOf` put an example together from others. */
function load(path: string): JsonValue {
  return resolve(parseYaml(readFileSync(path, 'utf8')) as JsonValue, dirname(path));
}

function resolve(value: JsonValue, folder: string): JsonValue {
  if (Array.isArray(value)) return value.map((item: JsonValue) => resolve(item, folder));
  if (!isObject(value)) return value;
  const { $ref, allOf, ...own } = value;
  const members = Object.entries(own).map(([key, item]) => [key, resolve(item, folder)]);
  const parts = Array.isArray(allOf) ? allOf.map((part: JsonValue) => resolve(part, folder)) : [];
  if (typeof $ref !== 'string') return Object.assign({}, ...parts, Object.fromEntries(members));
  const base = load(join(folder, $ref));
  return isObject(base) ? { ...base, ...Object.fromEntries(members) } : base;
}
