import type { Admin } from '../../protocol/caller.ts';
import { forbidden } from '../matrix-error.ts';
import type { Scheme } from './scheme.ts';
import { user } from './user.ts';

/** Known before anything is looked up that they ask for, so that nobody else learns who has an account here. */
export const admin: Scheme<Admin> = async (request, gate) => {
  const { isAdmin, kind: _kind, ...person } = await user(request, gate);
  if (isAdmin) return { ...person, kind: 'admin' };
  throw forbidden('This is for the administrators of this server');
};
