import { adminApi } from './admin-api/endpoints.ts';
import { clientApi, forServices, wellKnown } from './client-api/endpoints.ts';
import { frontDoor, pages } from './client-api/pages/endpoints.ts';
import { API, type Mount } from './http/mount.ts';
import { PAGES } from './http/page.ts';

/** All that is served, by what the operator wants: each list under its prefixes, with its rules. */
export const mountsOf = (wanted: { readonly adminApi: boolean }) => [
  ...ALWAYS,
  ...(wanted.adminApi ? ADMINISTRATION : []),
];

const ALWAYS = [
  {
    rules: API,
    prefixes: ['/_matrix/client/'],
    callers: ['nobody', 'anybody', 'guest', 'user', 'admin', 'service'],
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
  {
    rules: PAGES,
    prefixes: ['/_matrix/static/', '/_matrix/client/v3/auth/', '/_matrix/client/r0/auth/'],
    callers: ['nobody'],
    endpoints: pages,
  },
  {
    rules: API,
    prefixes: ['/'],
    callers: ['nobody'],
    endpoints: frontDoor,
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
