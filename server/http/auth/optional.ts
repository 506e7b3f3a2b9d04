import type { User } from '../../protocol/caller.ts';
import { accessTokenIn } from './access-token.ts';
import type { Scheme } from './scheme.ts';
import { user } from './user.ts';

/** Who comes without a token is nobody; but a token that is there is looked at, and refused if it is none. */
export const optional: Scheme<User | undefined> = (unproved, gate) =>
  unproved.request.headers.authorization === undefined && accessTokenIn(unproved) === undefined
    ? undefined
    : user(unproved, gate);
