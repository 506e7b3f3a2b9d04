const nested = (open: string, close: string, depth: number, inner = '1') =>
  open.repeat(depth) + inner + close.repeat(depth);

/** In place of any value of a body, as JSON text: some of it no writer of JSON would make. */
export const COMMON_JSON_VALUES: Readonly<Record<string, string>> = {
  ...{ null: 'null', true: 'true', 'an empty string': '""', 'an empty array': '[]' },
  ...{ 'an empty object': '{}', zero: '0', minus: '-1', fraction: '0.5', 'minus zero': '-0' },
  ...{
    'beyond 2^53': '9007199254740993',
    'beyond doubles': '1e999',
    'long digits': '9'.repeat(400),
  },
  ...{ 'U+0000': '"a\\u0000b"', 'half a pair': '"\\ud83d"', 'a whole pair': '"\\ud83d\\ude00"' },
  ...{
    'a relative path': '"../../etc"',
    'an id': '"@x:y"',
    'many stars': JSON.stringify('*a'.repeat(200)),
  },
  ...{
    'longer than an id': JSON.stringify('é'.repeat(200)),
    '9 kB': JSON.stringify('y'.repeat(9_000)),
  },
  'deep arrays': nested('[', ']', 4_400),
  ...{
    'deeper arrays': nested('[', ']', 100_000),
    'deeper objects': nested('{"a":', '}', 100_000),
  },
  'an array of arrays': `[${Array(3_000).fill('[]').join()}]`,
  'many numbers and an escape': `["\\ud83d\\ude00",${Array(200_000).fill('1').join()}]`,
  'many keys': `{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":0`).join()}}`,
  'the same key': `{${Array(1_000).fill('"a":{}').join()}}`,
};

/** Those that no common reader refuses, or whose refusal each endpoint rests on. */
export const OWN_JSON_VALUES: Readonly<Record<string, string>> = {
  ...{ 'a prototype': '{"__proto__":{"a":1},"constructor":{}}', 'its name': '"__proto__"' },
  ...{
    '40 kB of stars': JSON.stringify('*a'.repeat(20_000)),
    '200 kB': JSON.stringify('z'.repeat(200_000)),
  },
  ...{
    'as deep as may be': nested('{"a":', '}', 150),
    'deep objects': nested('{"a":', '}', 4_400),
  },
  'many strings': `[${Array.from({ length: 20_000 }, (_, n) => `"s${n}"`).join()}]`,
};

export const BAD_JSON_VALUES = { ...OWN_JSON_VALUES, ...COMMON_JSON_VALUES };

/** In place of a value in a path or a query, as it is written there. */
export const COMMON_TEXTS: Readonly<Record<string, string>> = {
  ...{
    empty: '',
    blank: '%20',
    percent: '%',
    'bad UTF-8': '%ff',
    slash: 'a%2Fb',
  },
  ...{ dots: '%2e%2e', emoji: '%F0%9F%98%80' },
  ...{ null: 'null', true: 'true', object: '%7B%7D', array: '%5B%5D', 'not JSON': '%7B' },
  ...{
    'a user': '@x:example.org',
    'a room': '!x:example.org',
    'an event': '$x',
    'an alias': '%23x:y',
  },
  ...{ member: 'm.room.member', levels: 'm.room.power_levels', alias: 'm.room.canonical_alias' },
  ...{
    create: 'm.room.create',
    rules: 'm.push_rules',
    direct: 'm.direct',
    ignored: 'm.ignored_user_list',
  },
  'deep filter': encodeURIComponent(nested('{"room":', '}', 800, '{}')),
};

export const OWN_TEXTS: Readonly<Record<string, string>> = {
  ...{ zero: '0', minus: '-1', fraction: '0.5', 'beyond 2^53': '9007199254740993', huge: '1e999' },
  ...{ 'U+0000': 'a%00b', prototype: '__proto__', constructor: 'constructor' },
  ...{
    '300 letters': 'x'.repeat(300),
    '6,000 letters': 'y'.repeat(6_000),
    stars: '*a'.repeat(3_000),
  },
};

export const BAD_TEXTS = { ...OWN_TEXTS, ...COMMON_TEXTS };

/** Whole bodies. */
export const BAD_BODIES: Readonly<Record<string, string | Buffer>> = {
  ...{ 'no body': '', blank: ' ', 'half a body': '{"a":', 'two bodies': '{}{}', comment: '/**/{}' },
  ...{ 'not UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), NaN: 'NaN' },
  ...{ 'a byte order mark': '\ufeff{}', 'too large': `"${'x'.repeat(1_100_000)}"` },
  ...BAD_JSON_VALUES,
};
