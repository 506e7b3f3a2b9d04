import type { Service } from '../../protocol/caller.ts';
import { accessTokenIn } from './access-token.ts';
import type { Scheme } from './scheme.ts';

/** Nobody needs a token here, and one that has expired is not refused; but application services are known. */
export const anybody: Scheme<Service | undefined> = (unproved, gate) => {
  const token = accessTokenIn(unproved);
  const known = token === undefined ? undefined : gate.appServices.behind(token);
  return known && { kind: 'service', service: known };
};
