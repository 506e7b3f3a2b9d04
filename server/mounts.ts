import { adminApi } from './admin-api/endpoints.ts';
import { clientApi, forServices, wellKnown } from './client-api/endpoints.ts';
import { API, type Mount } from './http/mount.ts';

/** All that is served, by what the operator wants: each list under its prefixes, with its rules. */
export const mountsOf = (wanted: { readonly adminApi: boolean }) => [
  ...ALWAYS,
  ...(wanted.adminApi ? ADMINISTRATION : []),
];

const ALWAYS = [
  {
    rules: API,
    prefixes: ['/_matrix/client/'],
    callers: ['nobody', 'guest', 'user', 'admin'],
    endpoints: clientApi,
  },
  {
    rules: API,
    prefixes: ['/.well-known/matrix/'],
    callers: ['nobody'],
    endpoints: wellKnown,
  },
  {
    rules: API,
    prefixes: ['/_matrix/federation/'],
    callers: ['nobody'],
    endpoints: forServices,
  },
] satisfies Mount<never>[];

const ADMINISTRATION = [
  {
    rules: API,
    prefixes: ['/_synapse/admin/', '/_farol/admin/'],
    callers: ['admin', 'nobody'],
    endpoints: adminApi,
  },
] satisfies Mount<never>[];
