import { MatrixError } from '../../http/matrix-error.ts';

/**
 * This server sends neither e-mail nor text messages, and asks no identity server: an account has no
 * third-party ids. No validation can have been begun here, so none is over.
 */
export const notValidated = () =>
  new MatrixError(403, 'M_THREEPID_AUTH_FAILED', 'The third-party id was not validated here');

export const NOT_UNBOUND = { id_server_unbind_result: 'no-support' };
