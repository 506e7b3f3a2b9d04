import type { JsonObject } from './json.ts';

/** What people agree to who make an account here (client-server API, `m.login.terms`). */
export interface Terms {
  readonly version: string;
  /** By language. */
  readonly documents: Readonly<Record<string, { readonly name: string; readonly url: string }>>;
}

/** As the stage's `params` have it. */
export const policiesOf = ({ version, documents }: Terms): JsonObject => ({
  policies: { terms: { version, ...documents } },
});
