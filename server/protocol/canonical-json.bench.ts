import { test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';
import { writeByHand } from './canonical-json-by-hand.ts';
import type { JsonObject } from './json.ts';

/**
 * Run with `vitest bench --run --project 'unit (bench)' --experimental.viteModuleRunner=false`:
 * Vite's own module runner makes every import a getter, which doubles what is measured here.
 * The text is flattened by counting its bytes: one put together is only finished by its use.
 */
const ROUNDS = 200;

const message: JsonObject = {
  type: 'm.room.message',
  room_id: '!Nhcu5BS-UMnFX7hBVfVSoXiD7OgH6iRT-xyIuqDnpYQ',
  sender: '@alice:example.org',
  content: {
    msgtype: 'm.text',
    body: 'An ordinary message of some eighty characters, which is what most of them are like.',
    format: 'org.matrix.custom.html',
    formatted_body: 'An <b>ordinary</b> message of some "eighty" characters, as most of them are.',
    'm.mentions': { user_ids: ['@bob:example.org'] },
  },
  auth_events: [
    '$urlsafe_base64_encoded_eventid_aaaaaaaaaaaaaaa',
    '$urlsafe_base64_encoded_eventid_aaaaaaaaaaaaaab',
    '$urlsafe_base64_encoded_eventid_aaaaaaaaaaaaaac',
  ],
  prev_events: ['$urlsafe_base64_encoded_eventid_aaaaaaaaaaaaaad'],
  depth: 1234,
  origin_server_ts: 1_753_350_000_000,
  hashes: { sha256: 'thishashcoversallfieldsincasethisisredactedaaa' },
  signatures: {
    'example.org': {
      'ed25519:key_version':
        'these86bytesofbase64signaturecoveressentialfieldsincludinghashessocancheckredactedpdus',
    },
  },
};

const emoji: JsonObject = { ...message, content: { body: '\u2764\ufe0f '.repeat(20), '😀': 1 } };
const sorted: JsonObject = JSON.parse(canonicalJson(message));
const powerLevels: JsonObject = {
  ...message,
  content: {
    users: Object.fromEntries(
      Array.from({ length: 500 }, (_, i) => [`@user${(i * 7919) % 500}:example.org`, 50]),
    ),
  },
};

test.for(Object.entries({ message, sorted, emoji, powerLevels }))(
  '%s: canonical JSON against the bare JSON.stringify',
  async ([, event], { bench }) => {
    const round = (write: (event: JsonObject) => string) => () => {
      for (let i = 0; i < ROUNDS; i++) Buffer.byteLength(write(event));
    };
    await bench.compare(
      bench('JSON.stringify', round(JSON.stringify)),
      bench(
        'canonicalJson',
        round((value) => canonicalJson(value)),
      ),
      bench(
        'writeByHand',
        round((value) => writeByHand(value, 'strict')),
      ),
    );
  },
);
