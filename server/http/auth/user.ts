import type { User } from '../../protocol/caller.ts';
import { MatrixError } from '../matrix-error.ts';
import { personBehindToken } from './access-token.ts';
import type { Scheme } from './scheme.ts';

export const user: Scheme<User> = async (request, gate) => {
  const person = await personBehindToken(request, gate);
  if (person.kind === 'user') return person;
  throw new MatrixError(403, 'M_GUEST_ACCESS_FORBIDDEN', 'Guests may not do this');
};
