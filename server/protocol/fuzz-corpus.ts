/**
 * Texts that once broke a parser of this kind, here or elsewhere. A failure that the fuzz finds is
 * added with a word on what it is; the texts are tried before any random one.
 */
export const FUZZ_CORPUS: readonly (readonly [what: string, text: string])[] = [
  ['no JSON', '{'],
  ['a number alone', '1'],
  ['null for an event', 'null'],
  ['a list for an event', '[]'],
  ['deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
  ['deep objects', `${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}`],
  ['deep nesting around a float', `${'['.repeat(100_000)}1.5${']'.repeat(100_000)}`],
  ['__proto__ as the only key', '{"__proto__":{"type":"m.room.create"}}'],
  ['__proto__ in the content', '{"type":"a","content":{"__proto__":null,"b":1}}'],
  ['a key that looks like a raw number', '{"rawJSON":"1"}'],
  ['a raw number beside a key of that name', '{"rawJSON":1.0,"a":{"rawJSON":[1e400]}}'],
  ['toJSON that is no function', '{"content":{"toJSON":"x"},"toJSON":{}}'],
  ['a number of a thousand digits', `[${'9'.repeat(1000)}]`],
  ['a number that is infinite', '[1e999]'],
  ['a negative zero and its float', '[-0,-0.0,0e-5]'],
  ['lone surrogates', '["\\ud800","\\udc00\\ud800"]'],
  ['a lone surrogate as a key', '{"\\udfff":1,"\\ufffd":2}'],
  ['a byte order mark', '\ufeff{}'],
  ['U+0000 in a key', '{"\\u0000":0}'],
  ['integer-like keys', '{"10":1,"9":2,"01":3,"-1":4,"4294967295":5}'],
  ['duplicate keys', '{"a":1,"a":2}'],
  ['empty pairs', '{"prev_events":[[]],"auth_events":[[null]]}'],
  ['a length in bytes that is not the one in units', `["${'\ud83d\ude00'.repeat(64)}"]`],
];
