import type { Auth, CallerOf } from '../endpoint.ts';
import { admin } from './admin.ts';
import { anybody } from './anybody.ts';
import { guest } from './guest.ts';
import { nobody } from './nobody.ts';
import { optional } from './optional.ts';
import type { Scheme } from './scheme.ts';
import { server } from './server.ts';
import { service } from './service.ts';
import { user } from './user.ts';

/** By what an endpoint says of who may call it. */
export const schemes: { readonly [A in Auth]: Scheme<CallerOf[A]> } = {
  nobody,
  anybody,
  user,
  optional,
  guest,
  admin,
  service,
  server,
};
