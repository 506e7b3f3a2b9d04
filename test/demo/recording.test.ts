import { expect, test } from 'vitest';
import { castOf, isRecordable, svgOf } from './recording.ts';

const frames = [
  { at: 0, picture: 'a <leads> & writes\n\nback' },
  { at: 1_500, picture: 'b leads' },
];

test('a recording plays in asciinema: its size, then each picture at its time on an empty screen', () => {
  const [head, ...events] = castOf(frames)
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(head).toMatchObject({ version: 2, width: 80, height: 3 });
  expect(events).toEqual([
    [0, 'o', '\u001b[H\u001b[Ja <leads> & writes\r\n\r\nback'],
    [1.5, 'o', '\u001b[H\u001b[Jb leads'],
  ]);
});

test('a picture that moves shows each for its time, the last a while longer, and that one where nothing may move', () => {
  const svg = svgOf(frames);
  expect(svg).toContain('@keyframes f0{0%{opacity:0}0.000%{opacity:1}20.000%{opacity:0}}');
  expect(svg).toContain('@keyframes f1{0%{opacity:0}20.000%{opacity:1}100.000%{opacity:1}}');
  expect(svg).toContain('animation:7.5s step-end infinite');
  expect(svg).toContain('.f:last-child{opacity:1}');
  expect(svg).toContain('>a\u00a0&lt;leads&gt;\u00a0&amp;\u00a0writes<');
  expect(svg.match(/<g /g)).toHaveLength(2);
});

test.each([
  ['power.svg', true],
  ['power.cast', true],
  ['power.gif', false],
  ['svg', false],
])('of %s it is known whether it can be written: %o', (file, can) => {
  expect(isRecordable(file)).toBe(can);
});
