import { adminApi } from './admin-api/endpoints.ts';
import { clientApi, contentRepository, forServices, wellKnown } from './client-api/endpoints.ts';
import { frontDoor, pages } from './client-api/pages/endpoints.ts';
import { signInPages } from './client-api/sign-in/endpoints.ts';
import { delegation, federationApi, keyApi } from './federation-api/endpoints.ts';
import { API, DISCOVERY, type Mount } from './http/mount.ts';
import { PAGES } from './http/page.ts';

interface Wanted {
  readonly adminApi: boolean;
  /** Off unless told. */
  readonly federation?: { readonly enabled: boolean };
}

/** All that is served, by what the operator wants: each list under its prefixes, with its rules. */
export const mountsOf = ({ adminApi: isAdministered, federation }: Wanted) => [
  ...ALWAYS,
  ...(federation?.enabled ? AMONG_OTHERS : ALONE),
  ...(isAdministered ? ADMINISTRATION : []),
];

const ALWAYS = [
  {
    rules: API,
    prefixes: ['/_matrix/client/'],
    callers: ['nobody', 'anybody', 'guest', 'user', 'optional', 'admin', 'service'],
    endpoints: clientApi,
  },
  {
    rules: API,
    prefixes: ['/_matrix/media/'],
    callers: ['nobody', 'guest', 'user'],
    endpoints: contentRepository,
  },
  {
    rules: PAGES,
    prefixes: ['/_matrix/static/', '/_matrix/client/v3/auth/', '/_matrix/client/r0/auth/'],
    callers: ['nobody'],
    endpoints: pages,
  },
  {
    rules: PAGES,
    prefixes: [
      ...(['/_matrix/client/v3/login/sso/', '/_matrix/client/r0/login/sso/'] as const),
      '/_farol/sign-in/',
    ],
    callers: ['nobody'],
    endpoints: signInPages,
  },
  {
    rules: API,
    prefixes: ['/'],
    callers: ['nobody'],
    endpoints: frontDoor,
  },
] satisfies Mount<never>[];

const ALONE = [
  {
    rules: DISCOVERY,
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

/** With other homeservers, where the operator lets them. */
const AMONG_OTHERS = [
  {
    rules: DISCOVERY,
    prefixes: ['/.well-known/matrix/'],
    callers: ['nobody'],
    endpoints: [...wellKnown, ...delegation],
  },
  {
    rules: API,
    prefixes: ['/_matrix/federation/'],
    callers: ['nobody', 'server'],
    endpoints: [...forServices, ...federationApi],
  },
  {
    rules: API,
    prefixes: ['/_matrix/key/'],
    callers: ['nobody'],
    endpoints: keyApi,
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
