import { expect, test } from 'vitest';
import { fold } from './fold.ts';
import { searchTerm } from './search-term.ts';
import { wordsOf } from './words.ts';

test.each([
  ['AÇÃO', 'ação'],
  ['Straße', 'STRASSE'],
  ['ŁÓDŹ', 'lodz'],
  ['Ångström', 'angstrom'],
  ['ΟΔΟΣ', 'οδός'],
  ['Ёлка', 'елка'],
  ['ﬁn', 'FIN'],
  ['Ｆｕｌｌ', 'full'],
  ['İstanbul', 'istanbul'],
  ['e\u0301tat', 'état'],
  ['한국', '한국'.normalize('NFD')],
])('%s and %s are the same to who searches', (one, other) => {
  expect(fold(one)).toBe(fold(other));
});

test('marks that tell words apart in their script are no accents', () => {
  expect(fold('किताब')).not.toBe(fold('कतब'));
  expect(fold('が')).not.toBe(fold('か'));
});

test('words are letters and digits; what PostgreSQL could not read is none of it', () => {
  expect(wordsOf('Bom dia, mundo! v1.5 (a\u0000b) \ud800 x_y')).toEqual([
    ...['bom', 'dia', 'mundo', 'v1', '5', 'a', 'b', 'x', 'y'],
  ]);
  expect(wordsOf('a'.repeat(5_000))).toEqual(['a'.repeat(100)]);
});

test('a script without blanks gives a word for each character', () => {
  expect(wordsOf('東京都 abc漢字')).toEqual(['東', '京', '都', 'abc', '漢', '字']);
});

test.each([
  ['Dois Pães', 'dois paes'],
  ['"bom dia" -noite', '"bom dia" -noite'],
  ['foo-bar 10.5', '"foo bar" "10 5"'],
  ['-"não quero" x', '-"nao quero" x'],
  ['東京', '"東 京"'],
  ['"unclosed', 'unclosed'],
  ['!!! ""', ''],
])('who types %s looks for %s', (typed, term) => {
  expect(searchTerm(typed)).toBe(term);
});
