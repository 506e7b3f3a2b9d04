import type { Service } from '../../protocol/caller.ts';
import { forbidden } from '../matrix-error.ts';
import { accessTokenOf, personBehindToken } from './access-token.ts';
import type { Scheme } from './scheme.ts';

/** An application service as itself, whomever it may act for. */
export const service: Scheme<Service> = async (unproved, gate) => {
  const known = gate.appServices.behind(accessTokenOf(unproved));
  if (known) return { kind: 'service', service: known };
  await personBehindToken(unproved, gate);
  throw forbidden('This is for application services, by the as_token of their registration');
};
