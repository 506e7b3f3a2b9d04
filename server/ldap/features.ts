import { MatrixError } from '../protocol/matrix-error.ts';
import { DirectoryUnavailable, LdapDirectory, type LdapSettings } from './ldap-directory.ts';

const AGAIN_S = 10;

/** The directory as accounts ask it. Where it is not there clients are told to come again: nobody's password is wrong for that. */
export function ldapDirectory(settings: LdapSettings, onError: (error: unknown) => void) {
  const directory = new LdapDirectory(settings);
  const told = async <T>(asked: Promise<T>): Promise<T> => {
    try {
      return await asked;
    } catch (cause) {
      if (!(cause instanceof DirectoryUnavailable)) throw cause;
      onError(cause);
      throw unavailable(cause);
    }
  };
  return {
    authenticate: (localpart: string, password: string) =>
      told(directory.authenticate(localpart, password)),
    has: (localpart: string) => told(directory.has(localpart)),
  };
}

const unavailable = (cause: Error) =>
  new MatrixError(
    503,
    'M_UNKNOWN',
    'The directory of this server cannot be asked. Try again soon',
    {
      fields: { retry_after_ms: AGAIN_S * 1_000 },
      headers: { 'retry-after': String(AGAIN_S) },
      cause,
    },
  );
