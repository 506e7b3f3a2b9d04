/** Without case and accents, as people type what they look for: 'AÇÃO' and 'ação' are the same. */
export const folded = (text: string): string =>
  text.normalize('NFKD').replaceAll(/\p{M}/gu, '').toLowerCase();
