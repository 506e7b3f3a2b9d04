/**
 * Without case and accents, as people type what they look for: 'AÇÃO' and 'ação' are the same. A database
 * whose locale is C knows neither, so it is done here, for what is said and what is asked alike.
 */
export function fold(text: string): string {
  const lower = text.toLowerCase();
  if (ASCII.test(lower)) return lower;
  return lower
    .normalize('NFKD')
    .replaceAll(ACCENTS, '')
    .normalize('NFKC')
    .toLowerCase()
    .replaceAll(LETTERS, (letter) => PLAIN[letter]!);
}

const ASCII = /^[\0-\x7f]*$/;

/** Of Latin, Greek and Cyrillic, Hebrew and Arabic. In other scripts such marks are what tells words apart. */
const ACCENTS = /[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]/gu;

/** What Unicode does not take apart, and people leave out. */
const PLAIN: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', ς: 'σ', ı: 'i', ł: 'l', ø: 'o', đ: 'd', ħ: 'h' },
  ...{ æ: 'ae', œ: 'oe', ð: 'd', þ: 'th' },
};
const LETTERS = new RegExp(`[${Object.keys(PLAIN).join('')}]`, 'gu');
