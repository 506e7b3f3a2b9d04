import type { Endpoint } from '../../server/http/endpoint.ts';
import { API, type Mount } from '../../server/http/mount.ts';

/** A list of endpoints alone, whoever may call them, as an API. */
export const mounted = <E extends Endpoint<never>>(
  endpoints: readonly E[],
  prefix: `/${string}` = '/',
) => {
  const callers = [
    ...(['nobody', 'anybody', 'guest', 'user', 'optional', 'admin', 'service', 'server'] as const),
  ];
  return [{ rules: API, prefixes: [prefix], callers, endpoints }] satisfies Mount<never>[];
};

/** What is in the lists of all. */
export const endpointsIn = (mounts: readonly Mount<never>[]): Endpoint<never>[] =>
  mounts.flatMap(({ endpoints }) => endpoints);
