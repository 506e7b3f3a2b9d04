import type { Terms } from '../protocol/terms.ts';
import type { Config } from './schema.ts';

/** Undefined where people agree to nothing. */
export function termsOf(terms: Config['terms']): Terms | undefined {
  if (terms === undefined) return undefined;
  const { name, version, urls } = terms;
  const documents = Object.entries(urls).map(([language, url]) => [language, { name, url }]);
  return { version, documents: Object.fromEntries(documents) };
}
