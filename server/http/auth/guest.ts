import type { Person } from '../../protocol/caller.ts';
import { personBehindToken } from './access-token.ts';
import type { Scheme } from './scheme.ts';

/** Users and guests. */
export const guest: Scheme<Person> = personBehindToken;
